"""The embedded sample: its seed, its size, and the few lines that are wrong on purpose.

The wrong lines let a newcomer see ``rejected_events`` at work. Each was reported by one
of the shop's own systems on a day of the sample; ``BROKEN`` lists them with the code
that each must be refused with.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa

from ingestion.simulator.catalog import catalog_seeds
from ingestion.simulator.simulation import Simulation, simulate, write_lines

ORDERS = 3000
DAYS = 120
START = date(2026, 3, 1)
SEED = 20260301
COMPRESSION = 9

# (reason code, domain, line); %s is a number that tells the copies apart
BROKEN: tuple[tuple[str, str, str], ...] = (
    (
        "field_missing",
        "payments",
        '{"event_name":"payment_captured","source":"payu:aurora",'
        '"occurred_at":"2026-%sT06:10:00Z","order_id":"AU9000%s","payment_id":"pu_AU9000%s",'
        '"capture_id":"pu_AU9000%s-c1","amount_minor":129900,"is_partial":false}',
    ),
    (
        "timestamp_missing_offset",
        "orders",
        '{"event_name":"shipment_out_for_delivery","source":"courierdesk:aurora",'
        '"occurred_at":"2026-%s 09:41:00","shipment_id":"sh-AU9000%s-1",'
        '"attempt_no":1}',
    ),
    (
        "not_json",
        "orders",
        '{"event_name":"item_packed","source":"wms:aurora",'
        '"occurred_at":"2026-%sT12:00:00+05:30","order_id":"AU9000%s","order_line',
    ),
    (
        "event_name_unknown",
        "orders",
        '{"event_name":"parcel_teleported","source":"shiprocket:aurora",'
        '"occurred_at":"2026-%sT10:15:00+05:30","shipment_id":"sh-AU9000%s-1"}',
    ),
    (
        "money_not_integer",
        "payments",
        '{"event_name":"refund_completed","source":"razorpay:aurora",'
        '"occurred_at":"2026-%sT07:30:00Z","refund_id":"rf-AU9000%s-c",'
        '"amount_minor":649.5,"currency":"INR","is_partial":false}',
    ),
    (
        "forbidden_field",
        "payments",
        '{"event_name":"payment_authorized","source":"stripe:aurora",'
        '"occurred_at":"2026-%sT05:55:00Z","order_id":"AU9000%s","payment_id":"ch_AU9000%s",'
        '"attempt_no":1,"payment_method":"card","gateway":"stripe","amount_minor":2900,'
        '"currency":"USD","card_number":"4111111111111111"}',
    ),
    (
        "enum_value",
        "orders",
        '{"event_name":"inventory_reservation_released","source":"oms:aurora",'
        '"occurred_at":"2026-%sT11:20:00+05:30","order_id":"AU9000%s",'
        '"order_line_id":"AU9000%s-1","reservation_id":"rs-AU9000%s-1-1","quantity":1,'
        '"release_cause":"evaporated"}',
    ),
    (
        "field_missing",
        "returns",
        '{"event_name":"return_received","source":"wms:aurora",'
        '"occurred_at":"2026-%sT15:05:00+05:30","return_line_id":"AU9000%s-R1"}',
    ),
)
BROKEN_DAYS = ("03-18", "04-15", "05-12")
"""Days on which each of the wrong lines was sent once."""


def write_sample(folder: Path) -> Simulation:
    """Write the embedded sample: event files by month and domain, and its seeds.

    Args:
        folder: Receives ``orders/``, ``payments/``, ``returns/`` and ``reference/``;
            what they held before is replaced.
    """
    for name in ("orders", "payments", "returns"):
        shutil.rmtree(folder / name, ignore_errors=True)
    simulation = simulate(
        orders=ORDERS, days=DAYS, seed=SEED, start=START, out=folder, period="month"
    )
    wrong: dict[Path, list[str]] = {}
    for _, domain, month, line in broken_lines():
        wrong.setdefault(folder / domain / f"{month}.jsonl.gz", []).append(line)
    for path in simulation.files:
        with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
            lines = file.read().splitlines()
        for position, line in enumerate(wrong.get(path, ()), start=1):
            lines.insert(position * len(lines) // (len(wrong[path]) + 1), line)
        write_lines(path, pa.chunked_array([pa.array(lines)]), COMPRESSION)
    catalog_seeds(folder / "reference")
    return simulation


def broken_lines() -> Iterator[tuple[str, str, str, str]]:
    """Yield reason code, domain, month and text of every wrong line."""
    for kind, (code, domain, pattern) in enumerate(BROKEN):
        for number, day in enumerate(BROKEN_DAYS):
            line = pattern.replace("2026-%s", f"2026-{day}")
            yield code, domain, f"2026-{day[:2]}", line.replace("%s", f"{kind}{number}")
