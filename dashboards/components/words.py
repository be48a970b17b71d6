"""How numbers, times and names are written on every page."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

HOURS_IN_A_DAY = 24.0

# beyond this nobody asks for a tenth of a day
EXACT_DAYS = 100

# what would read as 0.0 % and is not nothing
LEAST_SHARE = 0.0005

# words that are spoken letter by letter
INITIALS = {
    "bnpl": "BNPL",
    "cod": "COD",
    "json": "JSON",
    "otp": "OTP",
    "rto": "RTO",
    "sku": "SKU",
    "upi": "UPI",
}

# plain words for each stage of an order, in the order of its journey
STAGES = {
    "placed": "Placed, no payment yet",
    "payment": "Waiting for payment",
    "review": "In fraud review",
    "reservation": "Waiting for stock",
    "address": "Waiting for address or promise",
    "ready": "Ready to pack",
    "packing": "Being packed",
    "pickup_ready": "Waiting at the counter",
    "shipped": "On its way",
    "out_for_delivery": "Out for delivery",
    "delivered": "Delivered",
    "rto": "Returned to origin",
    "cancelled": "Cancelled",
    "closed": "Closed",
}

NEEDS = {
    "stuck": "Stuck",
    "past_promise": "Past promise",
    "open_exception": "Open exception",
}


def stage(name: str) -> str:
    """Return the plain words for a stage; an unknown one keeps its own name."""
    return STAGES.get(name, plain(name))


def plain(code: str | None) -> str:
    """Return a code as words: ``out_of_stock`` becomes ``out of stock``."""
    words = (code or "unknown").replace("_", " ").split(" ")
    return " ".join(INITIALS.get(word, word) for word in words)


def heading(words: str) -> str:
    """Return words as a heading: only the first letter is raised."""
    return words[:1].upper() + words[1:]


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Return a counted noun: ``1 order``, ``1,204 orders``."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def verb(number: int, singular: str, plural: str) -> str:
    """Return the form of a verb that agrees with ``number``."""
    return singular if number == 1 else plural


def percent(share: float | None) -> str:
    """Return a share from 0 to 1 as a percentage, ``unknown`` where there is none."""
    if share is None:
        return "unknown"
    if 0 < share < LEAST_SHARE:
        return "under 0.1 %"
    return f"{share * 100:.1f} %"


def duration(hours: float | None) -> str:
    """Return hours as the unit a person would say."""
    if hours is None:
        return "unknown"
    if hours < 1:
        return count(round(hours * 60), "minute")
    if hours < 2 * HOURS_IN_A_DAY:
        return f"{hours:.1f} hours"
    days = hours / HOURS_IN_A_DAY
    return f"{days:,.1f} days" if days < EXACT_DAYS else f"{days:,.0f} days"


def amount(value: Decimal | float | None, currency: str | None) -> str:
    """Return money with its currency: whole amounts bare, others to the cent.

    A third and fourth digit is shown only where a currency uses it.
    """
    if value is None:
        return "unknown"
    if not isinstance(value, Decimal):
        # sums in a frame are floats of exact decimals with four digits
        value = round(Decimal(float(value)), 4)
    if value == value.to_integral_value():
        text = f"{value:,.0f}"
    elif value == round(value, 2):
        text = f"{value:,.2f}"
    else:
        text = f"{value.normalize():,f}"
    return f"{currency or 'unknown currency'} {text}"


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Return a time in the store's zone to the minute: ``31 March 2026, 18:30``."""
    local = at.astimezone(zone)
    return f"{day(local)}, {local:%H:%M}"


def day(on: date) -> str:
    """Return a date in words: ``31 March 2026``."""
    return f"{on.day} {on:%B %Y}"


def months(first: date, last: date) -> str:
    """Return a span of months in words: ``March 2026``, ``May 2025 to March 2026``."""
    ends = (f"{first:%B %Y}", f"{last:%B %Y}")
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def escape(text: str | None) -> str:
    """Return text with nothing that Markdown or Streamlit would read as markup."""
    flat = " ".join((text or "").split())
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~:$&@/])", r"\\\1", flat)


def days(hours: float | None) -> str:
    """Return hours in days, for figures that are compared: ``3.8 days``."""
    if hours is None:
        return "unknown"
    return f"{hours / HOURS_IN_A_DAY:,.1f} days"


def listed(parts: list[str]) -> str:
    """Return parts as a phrase: ``a``, ``a and b``, ``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
