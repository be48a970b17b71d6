"""What the systems emit: facts become JSON lines with their reporting delays.

A fact is recorded for a whole block of orders at once, as columns; lines are built by
joining text columns, never one by one. Only what was reported before the horizon
leaves the journal, so a story is cut where the simulated period ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.simulator.draws import Draws, Flags, Integers
from ingestion.simulator.parameters import FEEDS, LOCAL_OFFSET_SECONDS

DAY = 86400
NEVER = 1 << 40
"""A second, counted from the start, that no story reaches."""

DOMAINS = ("orders", "payments", "returns")

Text: TypeAlias = pa.Array
Fields: TypeAlias = dict[str, Any]
"""Arguments that several facts share."""

Column: TypeAlias = str | bool | int | npt.NDArray[np.generic] | Text


def after(moments: Integers, delays: Integers | int) -> Integers:
    """Add seconds to moments; what never happens has no aftermath."""
    return np.where(moments >= NEVER, NEVER, moments + delays)


def when(condition: Flags, moments: Integers) -> Integers:
    """Keep the moments where a condition holds; elsewhere the fact never happens."""
    return np.where(condition, moments, NEVER)


def text(values: npt.NDArray[np.generic] | Sequence[object]) -> Text:
    """Write numbers as text, one per row."""
    return pc.cast(pa.array(values), pa.string())


def joined(*parts: str | Text) -> Text:
    """Join text row by row; a missing part makes the row missing."""
    return pc.binary_join_element_wise(
        *[pa.scalar(part) if isinstance(part, str) else part for part in parts], ""
    )


def labels(codes: npt.NDArray[np.integer], names: Sequence[str]) -> Text:
    """Return the name of each code; a negative code is a missing name."""
    return pa.array(list(names), pa.string()).take(
        pa.array(codes, mask=np.asarray(codes) < 0)
    )


@dataclass(frozen=True)
class Partly:
    """A column that only some rows carry."""

    column: Column
    present: Flags


@dataclass(frozen=True)
class Raw:
    """A column of JSON text."""

    column: Text


@dataclass
class Journal:
    """The facts of one block of orders, as lines with the moment each was reported.

    Attributes:
        draws: Random numbers of the block.
        start: First day; seconds are counted from its midnight in the shop's zone.
        horizon: Seconds from the start to the end of the simulated period.
        facts: Facts recorded, by event name; copies are not counted.
    """

    draws: Draws
    start: date
    horizon: int
    facts: Counter[str] = field(default_factory=Counter)
    moments: dict[str, list[Integers]] = field(
        default_factory=lambda: {domain: [] for domain in DOMAINS}
    )
    lines: dict[str, list[Text]] = field(
        default_factory=lambda: {domain: [] for domain in DOMAINS}
    )

    def record(
        self,
        domain: str,
        event_name: str,
        *,
        at: Integers,
        source: str | Text,
        where: Flags | None = None,
        until: Integers | None = None,
        feed: str = "webhook",
        slot: str = "",
        **columns: Column | Partly | Raw,
    ) -> None:
        """Record one fact per row that happens.

        Args:
            domain: Landing pipeline of the event.
            event_name: Name in the catalogue.
            at: When it happens, seconds from the start; ``NEVER`` where it does not.
            source: System and account, one for all rows or one per row.
            where: Rows to record, besides happening.
            until: Moment from which the row's story is over.
            feed: How the system reports, a key of ``FEEDS``.
            slot: Tells apart facts of one name (second line, third attempt).
            columns: Fields of the event. Whole numbers under a name that ends in
                ``_at`` or ``_date`` are moments.
        """
        happens = at < self.horizon
        if where is not None:
            happens = happens & where
        if until is not None:
            happens = happens & (at < until)
        rows = np.flatnonzero(happens)
        if not len(rows):
            return
        moments = at[rows]
        body = joined(
            f'{{"event_name":"{event_name}","source":"',
            self._take(source, rows),
            '","occurred_at":"',
            self._written(moments, domain),
            '"',
        )
        pieces = [
            piece
            for name, column in columns.items()
            if (piece := self._piece(name, column, rows, domain)) is not None
        ]
        body = pc.binary_join_element_wise(
            body, *pieces, "", null_handling="replace", null_replacement=""
        )
        self.facts[event_name] += len(rows)
        self._report(domain, f"{event_name}/{slot}", feed, moments, body, rows)

    def finished(self, domain: str) -> tuple[Integers, Text]:
        """Return the moments reported and the lines of a domain."""
        if not self.lines[domain]:
            return np.zeros(0, dtype=np.int64), pa.array([], pa.string())
        return (
            np.concatenate(self.moments[domain]),
            pa.chunked_array(self.lines[domain]).combine_chunks(),
        )

    def _report(
        self,
        domain: str,
        stream: str,
        feed: str,
        moments: Integers,
        body: Text,
        rows: Integers,
    ) -> None:
        """Add the delays and the copies that the transport makes."""
        habits = FEEDS[feed]
        delays = habits.delay.whole(self.draws.uniform(f"delay/{stream}")[rows])
        tardy = self.draws.uniform(f"late/{stream}")[rows]
        is_late = tardy < habits.late_share
        if habits.late_share:
            slow = habits.late.whole(
                np.minimum(tardy / habits.late_share, 1 - 2.0**-53)
            )
            delays = np.where(is_late, slow, delays)
        observed = moments + delays
        words = self.draws.words(f"copy/{stream}")[rows]
        fate = (words >> np.uint64(40)).astype(np.float64) * 2.0**-24
        is_polled = fate < habits.polled_share
        is_repeated = ~is_polled & (fate < habits.polled_share + habits.repeated_share)
        number = text((words & np.uint64(0xFFFFFFFF)).astype(np.int64))
        # the system's own message and the later poll tell the same fact twice
        webhook_id = pc.if_else(
            pa.array(is_polled),
            joined(',"delivery_id":"wh-', number, '"'),
            pa.scalar(""),
        )
        first = joined(
            body,
            ',"observed_at":"',
            self._written(observed, domain),
            '"',
            webhook_id,
            "}",
        )
        self._keep(domain, observed, first)
        lag = habits.copy_lag.whole(self.draws.uniform(f"lag/{stream}")[rows])
        polled_at = observed + lag
        second = joined(
            body,
            ',"observed_at":"',
            self._written(polled_at, domain),
            '","delivery_id":"poll-',
            number,
            '"}',
        )
        self._keep(domain, polled_at[is_polled], second.filter(pa.array(is_polled)))
        self._keep(domain, polled_at[is_repeated], first.filter(pa.array(is_repeated)))

    def _keep(self, domain: str, observed: Integers, lines: Text) -> None:
        """Keep the lines reported before the horizon."""
        seen = observed < self.horizon
        self.moments[domain].append(observed[seen])
        self.lines[domain].append(lines.filter(pa.array(seen)))

    def _written(self, moments: Integers, domain: str) -> Text:
        """Write moments as the domain's systems do: gateways in UTC, others local."""
        clock = np.datetime64(self.start, "s") + moments.astype("timedelta64[s]")
        suffix = "+05:30"
        if domain == "payments":
            clock = clock - np.timedelta64(LOCAL_OFFSET_SECONDS, "s")
            suffix = "Z"
        return joined(pa.array(np.datetime_as_string(clock, unit="s")), suffix)

    def _take(self, column: str | Text, rows: Integers) -> str | Text:
        return column if isinstance(column, str) else column.take(pa.array(rows))

    def _piece(
        self, name: str, column: Column | Partly | Raw, rows: Integers, domain: str
    ) -> str | Text | None:
        """Write one field of every row as ``,"name":value``; missing where absent."""
        key = f',"{name}":'
        if isinstance(column, Partly):
            piece = self._piece(name, column.column, rows, domain)
            if piece is None:
                return None
            present = pa.array(column.present[rows])
            if isinstance(piece, str):
                piece = pa.scalar(piece)
            return pc.if_else(present, piece, pa.scalar(None, pa.string()))
        if isinstance(column, Raw):
            return joined(key, column.column.take(pa.array(rows)))
        if isinstance(column, bool):
            return f"{key}{str(column).lower()}"
        if isinstance(column, int):
            return f"{key}{column}"
        if isinstance(column, str):
            return f'{key}"{column}"'
        if isinstance(column, np.ndarray):
            if column.dtype == np.bool_:
                return joined(
                    key, labels(column[rows].astype(np.int64), ("false", "true"))
                )
            if name.endswith("_at"):
                return joined(
                    f'{key}"', self._written(column[rows].astype(np.int64), domain), '"'
                )
            if name.endswith("_date"):
                clock = np.datetime64(self.start, "D") + (column[rows] // DAY).astype(
                    "timedelta64[D]"
                )
                return joined(f'{key}"', pa.array(np.datetime_as_string(clock)), '"')
            return joined(key, text(column[rows]))
        return joined(f'{key}"', column.take(pa.array(rows)), '"')
