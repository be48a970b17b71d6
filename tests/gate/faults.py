"""Faults as a feed may suffer them, planted in clean events, each with its check.

A fault is told as a change to the events of the last days. The check is named as
`suite, measure, column` of the gate, as `refused, REASON` where the contract turns the
lines away, or as `silent, SOURCE` of `marts.missing_events`.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

Event = dict[str, Any]
Plant = Callable[[Event, datetime], list[Event]]


@dataclass(frozen=True)
class Fault:
    """One fault and the check that must name it."""

    name: str
    check: str
    days: int
    plant: Plant


def at(event: Event) -> datetime:
    return datetime.fromisoformat(event["occurred_at"])


def moved(text: str, by: timedelta) -> str:
    return (datetime.fromisoformat(text) + by).isoformat()


def of(event: Event, *names: str, source: str | None = None) -> bool:
    return (not names or event["event_name"] in names) and (
        source is None or event["source"].startswith(source)
    )


def half(event: Event, field: str) -> bool:
    return zlib.crc32(str(event.get(field)).encode()) % 2 == 0


def changed(
    does_match: Callable[[Event], bool], change: Callable[[Event], Event]
) -> Plant:
    return lambda event, _: [event | change(event)] if does_match(event) else [event]


def lost(does_match: Callable[[Event], bool]) -> Plant:
    return lambda event, _: [] if does_match(event) else [event]


def under_other_ids(event: Event, old: str, new: str) -> Event:
    """Return a copy in which every id that holds an order's number holds another."""
    copy = json.loads(json.dumps(event).replace(old, new))
    copy.pop("event_id", None)
    return copy


def doubled_day(event: Event, _: datetime) -> list[Event]:
    return [event, under_other_ids(event, "AU1", "AU7")]


def told_twice(event: Event, _: datetime) -> list[Event]:
    if not of(event, source="oms"):
        return [event]
    return [event, event | {"event_id": "again-" + event["delivery_id"]}]


def refunds_doubled(event: Event, _: datetime) -> list[Event]:
    if not of(event, "refund_initiated"):
        return [event]
    again = event | {"refund_id": event["refund_id"] + "-again"}
    again.pop("event_id", None)
    return [event, again]


def missing_hour(event: Event, end: datetime) -> list[Event]:
    """No system tells what happened in an hour of the evening before."""
    since = end - timedelta(hours=28, minutes=30)
    return [] if since <= at(event) < since + timedelta(hours=1) else [event]


def day_lost(event: Event, end: datetime) -> list[Event]:
    since = end - timedelta(hours=48)
    return [] if of(event, source="crm") and since <= at(event) else [event]


def bots(event: Event, _: datetime) -> list[Event]:
    if not of(event, "order_placed"):
        return [event]
    return [event] + [
        event
        | {
            "order_id": f"{event['order_id']}-bot{n}",
            "customer_id": f"bot-{event['order_id']}-{n}",
            "delivery_id": f"{event['delivery_id']}-{n}",
            "occurred_at": moved(event["occurred_at"], timedelta(seconds=-n)),
            "lines": [
                line | {"order_line_id": f"{line['order_line_id']}-bot{n}"}
                for line in event["lines"]
            ],
        }
        for n in range(1, 4)
    ]


def ids_reused(event: Event, _: datetime) -> list[Event]:
    """A shop's counter starts over: new orders bear numbers of three weeks ago."""
    if not of(event, "order_placed"):
        return [event]
    number = int(event["order_id"][2:])
    return [under_other_ids(event, f"AU{number}", f"AU{number - 2000}")]


def renamed(sku: str) -> str:
    return "NEW-" + sku if sku.startswith(("TEE", "KURTA", "TEA")) else sku


def skus_renamed(event: Event, _: datetime) -> list[Event]:
    told = dict(event)
    if "sku" in told:
        told["sku"] = renamed(told["sku"])
    if "lines" in told:
        told["lines"] = [
            line | {"sku": renamed(line["sku"])} if "sku" in line else line
            for line in told["lines"]
        ]
    return [told]


def shifted(event: Event) -> Event:
    by = -timedelta(hours=5, minutes=30)
    return {
        "occurred_at": moved(event["occurred_at"], by),
        "observed_at": moved(event["observed_at"], by),
    }


def scaled(event: Event) -> Event:
    return {
        name: value * 100
        for name, value in event.items()
        if name in ("amount_minor", "fee_minor", "fee_tax_minor")
    }


def has(event: Event, field: str, value: str | None = None) -> bool:
    return event.get(field) is not None and value in (None, event[field])


SHIPPED = ("shipment_shipped", "label_created", "label_printed")

FAULTS = (
    Fault(
        "a day doubled under other ids",
        "repeats, facts, repeated_share",
        1,
        doubled_day,
    ),
    Fault("an hour lost by all", "volumes, hours, lost", 3, missing_hour),
    Fault("two days of messages lost", "volumes, days, share_of_usual", 3, day_lost),
    Fault("orders of bots", "volumes, days, times_usual", 1, bots),
    Fault(
        "currency flipped",
        "mixes, currencies, moved_share",
        1,
        changed(lambda e: has(e, "currency", "INR"), lambda _: {"currency": "USD"}),
    ),
    Fault(
        "carrier renamed",
        "mixes, parcels, new_share",
        2,
        changed(
            lambda e: has(e, "carrier", "delhivery"),
            lambda _: {"carrier": "dlv_surface"},
        ),
    ),
    Fault(
        "a shop's clock five and a half hours behind",
        "mixes, clocks, moved_share",
        2,
        changed(lambda e: of(e, source="shop"), shifted),
    ),
    Fault(
        "local time sent as UTC",
        "mixes, delays, moved_share",
        2,
        changed(
            lambda e: of(e, source="oms"),
            lambda e: {"occurred_at": shifted(e)["occurred_at"]},
        ),
    ),
    Fault(
        "a feed nine hours late",
        "mixes, delays, moved_share",
        2,
        changed(
            lambda e: of(e, source="crm"),
            lambda e: {"observed_at": moved(e["observed_at"], timedelta(hours=9))},
        ),
    ),
    Fault(
        "half the returns lost",
        "rates, steps, times_usual",
        15,
        lost(lambda e: has(e, "return_id") and half(e, "return_id")),
    ),
    Fault(
        "half of a gateway's captures lost",
        "rates, steps, times_usual",
        8,
        lost(
            lambda e: (
                of(e, "payment_captured", source="razorpay") and half(e, "payment_id")
            )
        ),
    ),
    Fault(
        "half the settlements lost",
        "rates, steps, times_usual",
        8,
        lost(lambda e: of(e, "payment_settled") and half(e, "payment_id")),
    ),
    Fault(
        "half the deliveries lost",
        "rates, steps, times_usual",
        8,
        lost(lambda e: of(e, "shipment_delivered") and half(e, "shipment_id")),
    ),
    Fault(
        "amounts of a gateway a hundredfold",
        "mixes, amounts, moved_share",
        2,
        changed(lambda e: of(e, source="razorpay"), scaled),
    ),
    Fault(
        "orders in rupees instead of paise",
        "mixes, amounts, moved_share",
        1,
        changed(
            lambda e: of(e, "order_placed"),
            lambda e: {"total_minor": e["total_minor"] // 100},
        ),
    ),
    Fault(
        "a feed told twice under other event ids",
        "mixes, copies, moved_share",
        1,
        told_twice,
    ),
    Fault("refunds doubled", "repeats, facts, repeated_share", 4, refunds_doubled),
    Fault("order numbers used again", "mixes, conflicts, moved_share", 1, ids_reused),
    Fault("SKUs renamed", "mixes, goods, new_share", 1, skus_renamed),
    Fault(
        "stock counts stopped",
        "volumes, freshness, times_longest",
        8,
        lost(lambda e: of(e, "inventory_counted")),
    ),
    Fault(
        "promises in the past",
        "mixes, promises, moved_share",
        2,
        changed(
            lambda e: of(e, "delivery_promise_confirmed"),
            lambda e: {
                name: moved(e[name], -timedelta(days=30))
                for name in ("promise_min_at", "promise_max_at")
                if has(e, name)
            },
        ),
    ),
    Fault(
        "postal codes truncated",
        "mixes, orders, new_share",
        1,
        changed(
            lambda e: of(e, "order_placed") and has(e, "postal_code"),
            lambda e: {"postal_code": e["postal_code"][:5]},
        ),
    ),
    Fault(
        "a location silent",
        "mixes, parcels, gone_share",
        3,
        lost(lambda e: of(e, *SHIPPED) and has(e, "location_id", "WH-DEL")),
    ),
    Fault(
        "every payment a card",
        "mixes, payments, moved_share",
        1,
        changed(
            lambda e: has(e, "payment_method"), lambda _: {"payment_method": "card"}
        ),
    ),
    Fault(
        "the app's orders told as the site's",
        "mixes, orders, moved_share",
        1,
        changed(lambda e: has(e, "channel", "mobile"), lambda _: {"channel": "web"}),
    ),
    Fault(
        "cash on delivery told as prepaid",
        "mixes, orders, moved_share",
        1,
        changed(
            lambda e: has(e, "payment_mode"), lambda _: {"payment_mode": "prepaid"}
        ),
    ),
    Fault(
        "a courier silent",
        "silent, shiprocket:aurora",
        2,
        lost(lambda e: of(e, source="shiprocket")),
    ),
    Fault(
        "a gateway's clock in the future",
        "refused, timestamp_in_future",
        1,
        changed(
            lambda e: of(e, source="razorpay"),
            lambda e: {"occurred_at": moved(e["occurred_at"], timedelta(days=2))},
        ),
    ),
    Fault(
        "quantities negative",
        "refused, number_out_of_range",
        1,
        changed(
            lambda e: of(e, "item_picked", "item_packed"),
            lambda e: {"quantity": -e["quantity"]},
        ),
    ),
    Fault(
        "a courier's codes unmapped",
        "refused, event_name_unknown",
        1,
        changed(
            lambda e: of(e, "shipment_out_for_delivery"),
            lambda _: {"event_name": "ofd_42"},
        ),
    ),
    Fault(
        "times without an offset",
        "refused, timestamp_missing_offset",
        1,
        changed(
            lambda e: of(e, source="shop"),
            lambda e: {"occurred_at": e["occurred_at"][:19]},
        ),
    ),
    Fault(
        "amounts without a currency",
        "refused, field_missing",
        1,
        changed(lambda e: of(e, "payment_captured"), lambda _: {"currency": None}),
    ),
)


def planted(fault: Fault, events: Iterator[Event], end: datetime) -> Iterator[Event]:
    """Give the events as they are told with the fault."""
    for event in events:
        yield from fault.plant(event, end)
