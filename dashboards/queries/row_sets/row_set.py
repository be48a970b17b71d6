"""What a set of rows is: which rows, and what the number that opens to them counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RowSet:
    """The rows that a number is counted from, so that they add up to it.

    Attributes:
        title: What the rows are, as a plural noun.
        noun: What one row is.
        table: Where they stand.
        columns: Which columns are shown, in this order.
        rows: A select that makes the rows where they do not stand in the table as such;
            may name ``$as_of`` and ``$zone``.
        where: Which of the rows belong to the set.
        by: Columns that an address may filter by, exactly.
        most: Columns that an address may limit from above, by their name there.
        needs: Those of ``by`` that an address has to name: without them a row would
            stand there more than once.
        order: How they are sorted.
        day: The store day that ``from`` and ``to`` of an address limit, as SQL.
        number: What the rows add up to, as SQL; with the unit ``currency`` by currency.
        unit: What the number counts, in the singular, where it is not rows.
        whole: What the number is a part of, as SQL over the rows before ``where``.
        whole_noun: What the whole counts, in the plural.
    """

    title: str
    noun: str
    table: str
    columns: str
    rows: str = ""
    where: str = "true"
    by: tuple[str, ...] = ()
    most: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    order: str = "1"
    day: str = ""
    number: str = "count(*)"
    unit: str = ""
    whole: str = ""
    whole_noun: str = ""


def store_day(column: str) -> str:
    """Return the SQL of the store day of a time."""
    return f"cast(timezone($zone, {column}) as date)"
