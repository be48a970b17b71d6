"""How a column of a mart is shown: its name says its unit, so one rule fits all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from dashboards.components.words import heading, plain, stage

# columns whose values are codes of the contract, shown as words
CODES = frozenset(
    {
        "account",
        "address_check",
        "basis",
        "category",
        "cause",
        "class",
        "decline_type",
        "destination",
        "disposition",
        "entry_kind",
        "error_code",
        "exception_name",
        "exit",
        "fault",
        "gate_blocking",
        "kind",
        "level",
        "machine",
        "method",
        "movement",
        "outcome",
        "owner",
        "payment_mode",
        "reason",
        "reason_code",
        "reason_found",
        "reason_group",
        "reasons",
        "residual_cause",
        "segment",
        "severity",
        "stretch",
        "subject",
    }
)

# shares from 0 to 1, shown in percent
SHARES = ("_rate", "_share", "coverage")
SHARE_NAMES = frozenset({"confidence", "lower", "upper"})
INITIALS = {"sku": "SKU", "rto": "RTO"}


# headings that a name does not say
HEADINGS = {
    "is_rankable": "Enough to compare",
    "is_young": "Can still change",
    "last_day": "To",
}


def label_of(name: str) -> str:
    """Return a column's heading with its unit: ``age_hours`` is ``Age, hours``."""
    if name in HEADINGS:
        return HEADINGS[name]
    unit = ""
    for suffix in ("_hours", "_days", "_minutes"):
        if name.endswith(suffix):
            name, unit = name.removesuffix(suffix), f", {suffix[1:]}"
    for suffix in ("_at", "_amount", "_id"):
        name = name.removesuffix(suffix)
    words = name.removeprefix("is_").removeprefix("has_").split("_")
    text = " ".join(INITIALS.get(word, word) for word in words) + unit
    return heading(text)


def config_of(
    table: pd.DataFrame, zone: ZoneInfo, headings: Mapping[str, str]
) -> dict[str, Any]:
    """Return the column configuration of a table, read off its columns' names.

    Args:
        table: As it is shown, times already in the store's zone.
        zone: Named beside each time.
        headings: Headings that say more than the column's name does.
    """
    return {
        str(name): _config(
            str(name), table[name], zone, headings.get(str(name), label_of(str(name)))
        )
        for name in table.columns
    }


def shown(table: pd.DataFrame, zone: ZoneInfo) -> pd.DataFrame:
    """Return a table as a person reads it: store time, and words for codes."""
    table = table.copy()
    for name in table.columns:
        column = table[name]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            table[name] = column.dt.tz_convert(zone).dt.tz_localize(None)
        elif name in CODES:
            table[name] = column.map(plain, na_action="ignore")
        elif is_share(str(name), column):
            table[name] = column * 100
        elif name == "stage":
            table[name] = column.map(stage, na_action="ignore")
    return table


def is_share(name: str, column: pd.Series) -> bool:
    """Tell whether a column holds shares from 0 to 1."""
    is_named = name.endswith(SHARES) or name in SHARE_NAMES
    return is_named and pd.api.types.is_numeric_dtype(column)


def _config(name: str, column: pd.Series, zone: ZoneInfo, label: str) -> Any:
    """Return the configuration of one column."""
    if pd.api.types.is_bool_dtype(column):
        return st.column_config.CheckboxColumn(label)
    if pd.api.types.is_datetime64_any_dtype(column):
        if name.endswith("_at") or name in ("hour",):
            return st.column_config.DatetimeColumn(
                label, format="D MMM YYYY, HH:mm", help=f"Time in {zone.key}"
            )
        return st.column_config.DateColumn(label, format="D MMM YYYY")
    if not pd.api.types.is_numeric_dtype(column):
        return st.column_config.TextColumn(label)
    return st.column_config.NumberColumn(label, format=_number_format(name, column))


def _number_format(name: str, column: pd.Series) -> Any:
    """Return how many digits a number keeps."""
    if is_share(name, column):
        return "%.1f %%"
    if name.endswith("amount"):
        return "accounting"
    if name.endswith(("_hours", "_days", "_minutes")):
        return "%.1f"
    # sums of counts arrive as floats
    is_whole = bool((column.dropna() % 1 == 0).all())
    return "localized" if is_whole else "%.2f"
