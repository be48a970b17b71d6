"""Faults as a feed may suffer them, each with the check that must name it.

The page ``docs/faults.md`` is written from this list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.gate.planting import (
    OFFSET,
    Event,
    Plant,
    changed,
    cut,
    event_is,
    has,
    is_of,
    lost,
    lost_from,
    moved,
    one_in,
    times,
    to,
    told_again,
    under_other_ids,
)


@dataclass(frozen=True)
class Fault:
    """One fault and the check that must name it.

    Attributes:
        name: What it is called.
        told: What the feed tells then, in words.
        check: What names it: ``suite, measure, column`` of the gate, ``refused,
            REASON`` where the contract turns the lines away, or ``silent, SOURCE`` of
            ``marts.missing_events``.
        days: How many of the newest days suffer it.
        plant: What becomes of each of their events.
    """

    name: str
    told: str
    check: str
    days: int
    plant: Plant

    def planted(self, events: Iterator[Event], end: datetime) -> Iterator[Event]:
        """Give the events as they are told with the fault."""
        for event in events:
            yield from self.plant(event, end)


def _renamed(sku: str) -> str:
    return "NEW-" + sku if sku.startswith(("TEE", "KURTA", "TEA")) else sku


def _with_renamed_skus(event: Event) -> Event:
    lines = event.get("lines", ())
    return {
        **({"sku": _renamed(event["sku"])} if has("sku")(event) else {}),
        **(
            {
                "lines": [
                    line | {"sku": _renamed(line["sku"])} if "sku" in line else line
                    for line in lines
                ]
            }
            if lines
            else {}
        ),
    }


def _numbered_as_before(event: Event) -> Event:
    number = int(event["order_id"].removeprefix("AU"))
    return under_other_ids(f"AU{number}", f"AU{number - 2000}")(event)


def _of_bots(event: Event, _: datetime) -> list[Event]:
    """Three orders more within seconds of each, of customers nobody knew."""
    if not event_is("order_placed")(event):
        return [event]
    return [event] + [
        event
        | moved(timedelta(seconds=-n), "occurred_at")(event)
        | {
            "order_id": f"{event['order_id']}-bot{n}",
            "customer_id": f"bot-{event['order_id']}-{n}",
            "delivery_id": f"{event['delivery_id']}-{n}",
            "lines": [
                line | {"order_line_id": f"{line['order_line_id']}-bot{n}"}
                for line in event["lines"]
            ],
        }
        for n in range(1, 4)
    ]


STEPS = "rates, steps, times_usual"

FAULTS = (
    Fault(
        "a day doubled",
        "Everything of the day comes twice, the second time under other ids.",
        "repeats, facts, repeated_share",
        1,
        told_again(under_other_ids("AU1", "AU7")),
    ),
    Fault(
        "refunds doubled",
        "Each refund is initiated twice, under two refund ids.",
        "repeats, facts, repeated_share",
        4,
        told_again(
            lambda event: {"refund_id": event["refund_id"] + "-again"},
            event_is("refund_initiated"),
        ),
    ),
    Fault(
        "a quarter of the refunds doubled",
        "Of every fourth refund two are initiated, which no rate would show.",
        "repeats, facts, repeated_share",
        4,
        told_again(
            lambda event: {"refund_id": event["refund_id"] + "-again"},
            event_is("refund_initiated"),
            one_in(4, "refund_id"),
        ),
    ),
    Fault(
        "an hour missing",
        "No system tells what happened in one hour of the evening before.",
        "volumes, hours, lost",
        3,
        lost_from(28.5, 27.5),
    ),
    Fault(
        "two days of messages missing",
        "The system that writes to customers tells nothing of two days.",
        "volumes, days, share_of_usual",
        3,
        lost_from(48, 0, is_of("crm")),
    ),
    Fault(
        "orders of bots",
        "Beside each order come three more, of customers nobody knew.",
        "volumes, days, times_usual",
        1,
        _of_bots,
    ),
    Fault(
        "stock counts stopped",
        "No count of stock comes any more.",
        "volumes, freshness, times_longest",
        8,
        lost(event_is("inventory_counted")),
    ),
    Fault(
        "half the returns lost",
        "Of every second return nothing is told.",
        STEPS,
        15,
        lost(one_in(2, "return_id")),
    ),
    Fault(
        "half a gateway's captures lost",
        "Every second capture of one gateway is not told.",
        STEPS,
        8,
        lost(event_is("payment_captured"), is_of("razorpay"), one_in(2, "payment_id")),
    ),
    Fault(
        "half the settlements lost",
        "Every second settlement is not told.",
        STEPS,
        8,
        lost(event_is("payment_settled"), one_in(2, "payment_id")),
    ),
    Fault(
        "half the deliveries lost",
        "Every second delivery is not told.",
        STEPS,
        8,
        lost(event_is("shipment_delivered"), one_in(2, "shipment_id")),
    ),
    Fault(
        "currency flipped",
        "Every amount in rupees is called one in dollars.",
        "mixes, currencies, moved_share",
        1,
        changed(to(currency="USD"), has("currency", "INR")),
    ),
    Fault(
        "amounts a hundredfold",
        "A gateway's amounts and fees are multiplied by a hundred once too often.",
        "mixes, amounts, moved_share",
        2,
        changed(
            times(100, "amount_minor", "fee_minor", "fee_tax_minor"),
            is_of("razorpay"),
        ),
    ),
    Fault(
        "rupees instead of paise",
        "The totals of orders are in rupees.",
        "mixes, amounts, moved_share",
        1,
        changed(times(0.01, "total_minor"), event_is("order_placed")),
    ),
    Fault(
        "carrier renamed",
        "One carrier goes by another name.",
        "mixes, parcels, new_share",
        2,
        changed(to(carrier="dlv_surface"), has("carrier", "delhivery")),
    ),
    Fault(
        "a location lost",
        "Nothing is told of the parcels of one location.",
        "mixes, parcels, gone_share",
        3,
        lost(
            event_is("shipment_shipped", "label_created", "label_printed"),
            has("location_id", "WH-DEL"),
        ),
    ),
    Fault(
        "time zone shifted",
        "The shop's clock is five and a half hours behind.",
        "mixes, clocks, moved_share",
        2,
        changed(moved(-OFFSET, "occurred_at", "observed_at"), is_of("shop")),
    ),
    Fault(
        "UTC told as local time",
        "When something happened is told as of UTC, but called local time.",
        "mixes, delays, moved_share",
        2,
        changed(moved(-OFFSET, "occurred_at"), is_of("oms")),
    ),
    Fault(
        "a feed late",
        "What is told of messages is nine hours old when it comes.",
        "mixes, delays, moved_share",
        2,
        changed(moved(timedelta(hours=9), "observed_at"), is_of("crm")),
    ),
    Fault(
        "a feed told twice",
        "All of one system comes twice, the second time under other event ids.",
        "mixes, copies, moved_share",
        1,
        told_again(
            lambda event: {"event_id": "again-" + event["delivery_id"]}, is_of("oms")
        ),
    ),
    Fault(
        "order numbers used again",
        "The shop's counter starts over: orders bear numbers of weeks ago.",
        "mixes, conflicts, moved_share",
        1,
        changed(_numbered_as_before, event_is("order_placed")),
    ),
    Fault(
        "SKUs renamed",
        "A third of the goods go by other SKUs.",
        "mixes, goods, new_share",
        1,
        changed(_with_renamed_skus),
    ),
    Fault(
        "promises in the past",
        "Promised dates are thirty days too early.",
        "mixes, promises, moved_share",
        2,
        changed(
            moved(timedelta(days=-30), "promise_min_at", "promise_max_at"),
            event_is("delivery_promise_confirmed"),
        ),
    ),
    Fault(
        "postal codes cut off",
        "The last digit of postal codes is missing.",
        "mixes, orders, new_share",
        1,
        changed(cut(5, "postal_code"), event_is("order_placed"), has("postal_code")),
    ),
    Fault(
        "every payment a card",
        "Whatever was paid with, a card is told.",
        "mixes, payments, moved_share",
        1,
        changed(to(payment_method="card"), has("payment_method")),
    ),
    Fault(
        "the app told as the site",
        "Orders of the app are told as orders of the site.",
        "mixes, orders, moved_share",
        1,
        changed(to(channel="web"), has("channel", "mobile")),
    ),
    Fault(
        "cash on delivery told as prepaid",
        "Every order is called prepaid.",
        "mixes, orders, moved_share",
        1,
        changed(to(payment_mode="prepaid"), has("payment_mode")),
    ),
    Fault(
        "a courier silent",
        "A courier tells nothing any more.",
        "silent, shiprocket:aurora",
        2,
        lost(is_of("shiprocket")),
    ),
    Fault(
        "a clock in the future",
        "A gateway's clock is two days ahead.",
        "refused, timestamp_in_future",
        1,
        changed(moved(timedelta(days=2), "occurred_at"), is_of("razorpay")),
    ),
    Fault(
        "quantities negative",
        "What is picked and packed is counted below zero.",
        "refused, number_out_of_range",
        1,
        changed(times(-1, "quantity"), event_is("item_picked", "item_packed")),
    ),
    Fault(
        "a courier's codes unmapped",
        "A status of a courier comes by its code, not by a name of the contract.",
        "refused, event_name_unknown",
        1,
        changed(to(event_name="ofd_42"), event_is("shipment_out_for_delivery")),
    ),
    Fault(
        "times without an offset",
        "The shop's times no longer say of which zone they are.",
        "refused, timestamp_missing_offset",
        1,
        changed(cut(19, "occurred_at"), is_of("shop")),
    ),
    Fault(
        "amounts without a currency",
        "Captures no longer say their currency.",
        "refused, field_missing",
        1,
        changed(to(currency=None), event_is("payment_captured")),
    ),
)
