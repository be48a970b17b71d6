"""What the judge says of the lines, added up over batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import duckdb
import pyarrow as pa

from ingestion.conform.masking import shown_line, shown_name
from ingestion.contract.catalogue import Catalogue
from ingestion.judge.judge import Accepted

LATE_HOURS: Final = 24  # longer than a nightly export waits
FAULTS_KEPT: Final = 1_000  # kinds of fault told apart
_MOMENTS: Final = ["file_number", "row_id", "occurred_at"]


@dataclass(frozen=True)
class Fault:
    """One way in which lines break the contract.

    Attributes:
        code: Reason code of the catalogue.
        field: Field or key it is about, if any.
        event_name: Event of the lines; ``None`` where they name no known one.
    """

    code: str
    field: str | None
    event_name: str | None


@dataclass(frozen=True)
class Example:
    """The first line with a fault.

    Attributes:
        file: Name of its file.
        line_number: Physical line, from 1.
        shown: The line with every personal value reduced to its form; ``None`` where
            it cannot be read, and so nobody can say what in it is personal.
    """

    file: str
    line_number: int
    shown: str | None


@dataclass
class Verdicts:
    """Counts of judged lines.

    Attributes:
        accepted, rejected: Event -> lines; a rejected line of no known event is in
            ``faults`` alone.
        sources: Source -> accepted lines.
        filled: (event, field) -> accepted lines in which a wanted field holds a value.
        faults: Fault -> lines.
        examples: Fault -> its first line.
        first_at, last_at: Span of ``occurred_at`` over accepted lines.
        observed: Accepted lines that say when they were reported.
        late: Those of them reported more than ``LATE_HOURS`` after they happened.
        out_of_order: Accepted lines that tell of an earlier moment than an accepted
            line before them in their file.
    """

    accepted: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    filled: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: Counter[Fault] = field(default_factory=Counter)
    examples: dict[Fault, Example] = field(default_factory=dict)
    first_at: datetime | None = None
    last_at: datetime | None = None
    observed: int = 0
    late: int = 0
    out_of_order: int = 0


class Bench:
    """Adds the judge's batches to the verdicts, in a database of the caller's."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        catalogue: Catalogue,
        wanted: Mapping[str, frozenset[str]],
    ) -> None:
        """Bind the bench.

        Args:
            connection: Where to add up.
            catalogue: What is known.
            wanted: Event -> fields to count in its accepted lines.
        """
        self.verdicts = Verdicts()
        self._connection = connection
        self._catalogue = catalogue
        self._wanted = wanted
        self._latest: dict[int, datetime] = {}
        self._moments: list[pa.Table] = []

    def accept(self, accepted: Accepted) -> None:
        """Add the accepted rows of one event group."""
        rows = accepted.rows
        self._connection.register("accepted", rows)
        self._count(set(rows.column_names))
        self._count_filled(set(rows.column_names))
        self._connection.unregister("accepted")
        self._moments.append(rows.select(_MOMENTS))

    def end_batch(self, rejected: pa.Table, files: list[str]) -> None:
        """Close a batch with its rejected rows; ``files`` names them by number."""
        self._count_out_of_order()
        self._connection.register("rejected", rejected)
        events = list(self._catalogue.events)
        rows = self._connection.execute(_FAULTS, {"events": events}).fetchall()
        self._connection.unregister("rejected")
        for code, about, event, count, first in rows:
            fault = self._fault(code, about, event)
            self.verdicts.faults[fault] += count
            if event is not None:
                self.verdicts.rejected[event] += count
            if fault not in self.verdicts.examples:
                self.verdicts.examples[fault] = Example(
                    files[first["file_number"]],
                    first["line_number"],
                    shown_line(self._catalogue, first["masked_line"]),
                )

    def _count(self, columns: set[str]) -> None:
        verdicts = self.verdicts
        observed = "observed_at" if "observed_at" in columns else "null::timestamptz"
        for event, source, count, first, last, told, late in self._rows(
            _ACCEPTED.format(observed=observed)
        ):
            verdicts.accepted[event] += count
            verdicts.sources[source] += count
            verdicts.observed += told
            verdicts.late += late
            verdicts.first_at = min(filter(None, (verdicts.first_at, first)))
            verdicts.last_at = max(filter(None, (verdicts.last_at, last)))

    def _count_filled(self, columns: set[str]) -> None:
        fields = sorted(frozenset().union(*self._wanted.values()) & columns)
        if not fields:
            return
        counts = ", ".join(f'count("{name}")' for name in fields)
        for event, *filled in self._rows(
            f"select event_name, {counts} from accepted group by event_name"
        ):
            for name, count in zip(fields, filled, strict=True):
                if name in self._wanted.get(event, ()):
                    self.verdicts.filled[event, name] += count

    def _count_out_of_order(self) -> None:
        if not self._moments:
            return
        self._connection.register("moments", pa.concat_tables(self._moments))
        self._connection.register("latest", _latest_table(self._latest))
        for file_number, count, latest in self._rows(_OUT_OF_ORDER):
            self.verdicts.out_of_order += count
            self._latest[file_number] = latest
        self._connection.unregister("moments")
        self._connection.unregister("latest")
        self._moments = []

    def _fault(self, code: str, about: str | None, event: str | None) -> Fault:
        """Name a fault; a foreign key is shown only where it looks like one."""
        fault = Fault(code, None if about is None else shown_name(about), event)
        faults = self.verdicts.faults
        if fault in faults or len(faults) < FAULTS_KEPT:
            return fault
        return Fault(code, None, event)

    def _rows(self, query: str) -> list[tuple]:
        return self._connection.execute(query).fetchall()


def _latest_table(latest: Mapping[int, datetime]) -> pa.Table:
    return pa.table(
        {
            "file_number": pa.array(latest.keys(), pa.int64()),
            "occurred_at": pa.array(latest.values(), pa.timestamp("us", tz="UTC")),
        }
    )


_ACCEPTED: Final = f"""
select
    event_name,
    source,
    count(*),
    min(occurred_at),
    max(occurred_at),
    count({{observed}}),
    count(*) filter (
        {{observed}} > occurred_at + interval '{LATE_HOURS} hours'
    )
from accepted
group by event_name, source
"""

_OUT_OF_ORDER: Final = """
with

told as (

    select file_number, row_id, occurred_at from moments
    union all
    select file_number, -1 as row_id, occurred_at from latest

),

ordered as (

    select
        file_number,
        occurred_at,
        max(occurred_at) over (
            partition by file_number
            order by row_id
            rows between unbounded preceding and 1 preceding
        ) as latest_before
    from told

)

select
    file_number,
    count(*) filter (occurred_at < latest_before),
    max(occurred_at)
from ordered
group by file_number
"""

_FAULTS: Final = """
select
    reason_code,
    field,
    case when list_contains($events, event_name) then event_name end as known,
    count(*) as lines,
    arg_min(
        {
            'file_number': file_number,
            'line_number': line_number,
            'masked_line': masked_line
        },
        row_id
    ) as first
from rejected
group by reason_code, field, known
order by lines desc, reason_code, field, known
"""
