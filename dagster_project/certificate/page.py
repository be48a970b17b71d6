"""Writes a certificate: a page that prints and needs no network, and its JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dagster_project.certificate.figures import Certificate, Currency
from ingestion.contract.catalogue import load_catalogue

TEMPLATE: Final = "page.html.j2"

CAUSES: Final = {
    "in_transit": "on its way, not due yet",
    "taken_back": "settled, then taken back",
    "short_settled": "settled in part, the rest overdue",
    "not_settled": "overdue, nothing came",
    "disputed": "disputed",
    "capture_unseen": "settled without a reported capture",
    "over_settled": "more taken out than put in",
    "other_currency": "settled in another currency",
    "cleared since": "cleared since that day",
    "none": "nothing left over",
    "overpaid": "overpaid",
    "settlement_mismatch": "settled amiss",
    "uncollected": "never collected",
    "price_change": "price changed",
    "unexplained": "unexplained",
}


def write(certificate: Certificate, path: Path) -> tuple[Path, Path]:
    """Write the page to a path and the JSON beside it; return both paths."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = path.with_suffix(".json")
    path.write_text(page_of(certificate), encoding="utf-8")
    data.write_text(json_of(certificate) + "\n", encoding="utf-8")
    return path, data


def page_of(certificate: Certificate) -> str:
    """Return the page as HTML."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "n": "{:,}".format,
        "words": lambda code: CAUSES.get(code, code.replace("_", " ")),
        "moment": lambda at: f"{at:%Y-%m-%d %H:%M} UTC",
    }
    return environment.get_template(TEMPLATE).render(
        c=certificate, verdict=verdict_of(certificate), amounts=_amounts
    )


def json_of(certificate: Certificate) -> str:
    """Return the certificate as JSON; amounts are text, so that none is rounded."""
    document = asdict(certificate) | {
        "is_whole_day": certificate.is_whole_day,
        "is_proven": certificate.is_proven,
        "currencies": [_currency(each) for each in certificate.currencies],
    }
    return json.dumps(document, default=_plain, indent=2)


def verdict_of(certificate: Certificate) -> str:
    """Return what the certificate proves, in one sentence."""
    if not certificate.currencies:
        return f"Nothing was booked up to {certificate.day}."
    amiss = [each.code for each in certificate.currencies if not each.is_proven]
    if amiss:
        return f"The books do not close in {', '.join(amiss)}."
    return "The books close: debits equal credits, and every refund is counted once."


def _currency(currency: Currency) -> dict[str, Any]:
    return asdict(currency) | {
        "debits": currency.debits,
        "credits": currency.credits,
        "recognized": currency.recognized,
        "attributed": currency.attributed,
        "is_proven": currency.is_proven,
    }


def _plain(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"{value!r} has no form in JSON")


def _amounts(currency: str) -> Callable[[Decimal], str]:
    """Return how amounts of a currency are written: its own digits, a dash for zero."""
    digits = load_catalogue().currency_digits[currency]

    def written(amount: Decimal) -> str:
        return f"{amount:,.{digits}f}" if amount else "-"

    return written
