"""What dbt can only read from files: the landed columns, return reasons, currencies."""

from __future__ import annotations

import csv
import io
from typing import Any, Final

import yaml

from ingestion.contract.catalogue import Catalogue, Field

_HEAD: Final = (
    "Written by `make docs` from ingestion/contract/catalogue.yml; change that."
)
_WIDTH: Final = 10_000


def raw_sources(catalogue: Catalogue) -> str:
    """Return the YAML of the landed event tables, each column with its meaning."""
    tables = [
        {
            "name": catalogue.event_views[domain],
            "description": text,
            "columns": [
                _column(catalogue, domain, catalogue.fields[column.name])
                for column in catalogue.domain_fields(domain)
            ],
        }
        for domain, text in catalogue.domains.items()
    ]
    body = yaml.safe_dump(
        {"sources": [{"name": "raw", "tables": tables}]},
        sort_keys=False,
        allow_unicode=True,
        width=_WIDTH,
    )
    return f"# {_HEAD}\n{body}"


def return_reason_groups(catalogue: Catalogue) -> str:
    """Return the seed of return reasons with their groups, as CSV."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["reason_code", "reason_group"])
    rows.writerows(
        [reason, body["category"]]
        for reason, body in catalogue.taxonomies["return_reasons"].items()
    )
    return out.getvalue()


def currency_macro(catalogue: Catalogue) -> str:
    """Return the macro that lists currencies by the digits of their minor unit."""
    lists = "".join(
        f"    {digits}: [\n"
        + "".join(f"        '{currency}',\n" for currency in currencies)
        + "    ],\n"
        for digits, currencies in catalogue.currencies_by_digits.items()
    )
    return (
        f"{{# {_HEAD} #}}\n"
        "{# The currencies with that many minor digits, as a list of literals. #}\n"
        "{% macro currencies_of_digits(digits) -%}\n"
        f"{{%- set currencies = {{\n{lists}}} -%}}\n"
        "    '{{ currencies[digits] | join(\"', '\") }}'\n"
        "{%- endmacro %}\n"
    )


def _column(catalogue: Catalogue, domain: str, field: Field) -> dict[str, Any]:
    listed = dict.fromkeys(
        value
        for event in catalogue.events_of(domain)
        if field.name in catalogue.allowed(event.name)
        for value in catalogue.enum_values(field.name, event.name) or ()
    )
    one_of = f" One of {', '.join(listed)}." if listed else ""
    column: dict[str, Any] = {
        "name": field.name,
        "description": f"{field.description}{one_of}",
    }
    if field.pii != "none":
        column["config"] = {"meta": {"pii": field.pii}}
    return column
