"""Lines of forgotten subjects at the door: told by their hashes, refused unread.

A line that names a forgotten subject is rejected as ``subject_forgotten``, wholly
masked and not quarantined. In a line of somebody else, free text that names one is
emptied.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from dlt.extract import DltResource

from ingestion.contract.catalogue import Catalogue
from ingestion.judge.judge import Judge
from ingestion.judge.rejections import reason
from ingestion.privacy import tombstones as stones
from ingestion.privacy.identifiers import (
    ANYTHING,
    CONTACTS,
    CUSTOMER,
    free_text_of,
    in_columns,
    kinds_of,
)
from ingestion.shop import Shop

CODE: Final = "subject_forgotten"
MASKED: Final = "***"


class Forgotten:
    """Knows the forgotten subjects of a shop, and learns what else is theirs."""

    def __init__(self, shop: Shop, catalogue: Catalogue, *, key: str) -> None:
        """Read who was forgotten."""
        self._shop = shop
        self._catalogue = catalogue
        self._known = stones.read(shop, key=key)
        self._kinds = kinds_of(catalogue)
        self._free_text = free_text_of(catalogue)
        self._learned: set[tuple[str, str]] = set()
        self._turn = threading.Lock()

    def refuse(self, judge: Judge, rows: pa.Table) -> pa.Table:
        """Return accepted rows without those of forgotten subjects; refuse these."""
        if not self._known:
            return rows
        is_theirs = self._are_theirs(rows)
        if pc.any(is_theirs).as_py():
            theirs = rows.filter(is_theirs)
            self._learn(theirs)
            judge.refuse(theirs.select(["row_id"]), CODE)
            rows = rows.filter(pc.invert(is_theirs))
        return self._without_their_names(rows)

    def mask(self, rejected: pa.Table) -> pa.Table:
        """Return rejected rows with nothing left of those that name a subject."""
        if not self._known:
            return rejected
        codes = rejected.column("reason_code").to_pylist()
        texts = rejected.column("line").to_pylist()
        is_theirs = [
            code == CODE or bool(self._known.name_in(line))
            for code, line in zip(codes, texts, strict=True)
        ]
        ids = [
            rejected_id(old, key=self._known.key) if theirs else old
            for old, theirs in zip(
                rejected.column("rejected_id").to_pylist(), is_theirs, strict=True
            )
        ]
        said = reason(self._catalogue, CODE, None, None)
        values = {
            "reason_code": CODE,
            "reason": said,
            "field": None,
            "masked_line": MASKED,
            "line": None,
        }
        where = pa.array(is_theirs, pa.bool_())
        for name, value in values.items():
            stood = rejected.column(name)
            rejected = _with(
                rejected, name, pc.if_else(where, pa.scalar(value, stood.type), stood)
            )
        return _with(rejected, "rejected_id", pa.array(ids, pa.string()))

    def leave_out(self, resource: DltResource) -> DltResource:
        """Take rows of forgotten subjects out of a source's own table."""
        if not self._known:
            return resource

        def others(rows: pa.Table) -> pa.Table:
            named = [
                name for name in rows.column_names if name.endswith(("_id", "_hash"))
            ]
            is_theirs = pa.array([False] * rows.num_rows, pa.bool_())
            for name in named:
                is_theirs = pc.or_(is_theirs, self._among(rows, name, None))
            return rows.filter(pc.invert(is_theirs))

        return resource.add_map(others)

    def keep_what_was_learned(self) -> None:
        """Add what refused lines named; what landed of it before has yet to go."""
        grown = self._known.with_more(self._learned)
        if grown is not self._known:
            stones.write(self._shop, grown)

    def _are_theirs(self, rows: pa.Table) -> pa.Array:
        no_rows = pa.array([False] * rows.num_rows, pa.bool_())
        is_theirs = no_rows
        named = in_columns(rows.column_names, self._kinds)
        for name, kind in named.items():
            found = self._among(rows, name, kind)
            if name in CONTACTS and CUSTOMER in named:
                # whoever shares a phone with a forgotten customer is not forgotten
                found = pc.and_(found, pc.is_null(rows.column(CUSTOMER)))
            is_theirs = pc.or_(is_theirs, found)
        if ANYTHING in rows.column_names:
            is_theirs = pc.or_(is_theirs, self._among(rows, ANYTHING, None))
        return is_theirs

    def _among(self, rows: pa.Table, name: str, kind: str | None) -> pa.Array:
        if kind is None:
            return _each(rows, name, lambda value: bool(self._known.name_in(value)))
        return _each(rows, name, lambda value: self._known.holds(kind, value))

    def _without_their_names(self, rows: pa.Table) -> pa.Table:
        for name in self._free_text:
            if name in rows.column_names:
                named = self._among(rows, name, None)
                cells = rows.column(name)
                empty = pa.scalar(None, cells.type)
                rows = _with(rows, name, pc.if_else(named, empty, cells))
        return rows

    def _learn(self, theirs: pa.Table) -> None:
        if CUSTOMER in theirs.column_names:
            # a line that names another customer too says nothing of whose its ids are
            others = pc.and_(
                pc.is_valid(theirs.column(CUSTOMER)),
                pc.invert(self._among(theirs, CUSTOMER, CUSTOMER)),
            )
            theirs = theirs.filter(pc.invert(others))
        found = {
            (kind, value)
            for name, kind in in_columns(theirs.column_names, self._kinds).items()
            if kind not in (CUSTOMER, *CONTACTS)
            for value in pc.unique(theirs.column(name)).to_pylist()
            if value is not None
        }
        with self._turn:
            self._learned |= found


def rejected_id(plain: str, *, key: str) -> str:
    """Return the id of a forgotten line; only who holds the key can tell which."""
    return stones.hash_of(f"line:{plain}", key=key)


def _each(rows: pa.Table, name: str, test: Callable[[str], bool]) -> pa.Array:
    """Test every distinct text of a column once; null is none."""
    values = rows.column(name)
    found: Iterable[str | None] = pc.unique(values).to_pylist()
    theirs = [value for value in found if value is not None and test(value)]
    return pc.is_in(values, value_set=pa.array(theirs, values.type))


def _with(rows: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return rows.set_column(rows.column_names.index(name), name, values)
