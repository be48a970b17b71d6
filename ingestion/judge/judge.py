"""The judge at work: lines in, typed rows and rejections out, a batch at a time."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Final, cast
from zoneinfo import available_timezones

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.contract.catalogue import Catalogue
from ingestion.judge import letter, rejections, shapes, structure, text, values
from ingestion.judge.personal import hmac_sql, is_plain, keyed_hash
from ingestion.judge.reference import create_reference_tables

# the copy costs less than planning twice, which the other way of asking does
warnings.filterwarnings("ignore", "Arrow output on a DB-API result", UserWarning)

LINES_SCHEMA: Final = pa.schema(
    [
        ("row_id", pa.int64()),
        ("file_number", pa.int64()),
        ("line_number", pa.int64()),
        ("line", pa.string()),
    ]
)
FAULT: Final = pa.field("fault", pa.string())
"""A fifth column that a batch may have: why its reader refuses a line unread, or null.

It is a reason of the catalogue; ``line`` is then only what may be kept of the text.
"""


@dataclass(frozen=True)
class Terms:
    """On which terms lines land.

    Attributes:
        hash_key: Secret of the keyed hashes.
        landed_at: The landing clock, with a zone.
        is_backfill: Rows count as known since they were reported.
        default_source: Source of lines that name none.
    """

    hash_key: str
    landed_at: datetime
    is_backfill: bool = False
    default_source: str | None = None


@dataclass(frozen=True)
class Accepted:
    """Typed rows of one event group, with only the columns that hold something."""

    domain: str
    group: str
    rows: pa.Table


class Judge:
    """Judges lines by a catalogue, in a private in-memory database.

    ``read`` takes a batch in; the caller may then look at ``hashes`` and ``keep`` only
    some lines; ``accepted`` and ``rejected`` give the verdicts on what is left.
    """

    def __init__(self, catalogue: Catalogue, terms: Terms) -> None:
        """Open the database and hand it the catalogue."""
        self._catalogue = catalogue
        self._terms = terms
        self.connection = duckdb.connect(":memory:")
        self._run("set timezone = 'UTC'")
        # that rewrites each list of values as a join, which costs more than it saves
        self._run("set disabled_optimizers = 'in_clause'")
        create_reference_tables(self.connection, catalogue)
        self._load(
            "value_fields",
            pa.table({"field": values.fault_fields(catalogue)}),
        )
        self._load("time_zones", pa.table({"time_zone": sorted(available_timezones())}))
        self._run(f"create table fresh_lines ({_FRESH_LINES})")
        self._batches_seen: dict[str, values.Batch] = {}
        self._parsed: dict[str, duckdb.Statement] = {}

    def __enter__(self) -> Judge:
        """Return the judge; leaving closes its database."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the database."""
        self.connection.close()

    def read(self, lines: pa.Table) -> None:
        """Read a batch into ``fresh_lines`` by its shapes.

        Args:
            lines: :data:`LINES_SCHEMA`, perhaps with :data:`FAULT`; row ids are unique.
        """
        # a table emptied keeps its memory until a checkpoint
        self._run("truncate fresh_lines")
        self._run("checkpoint")
        if FAULT.name not in lines.column_names:
            lines = lines.append_column(FAULT, pa.nulls(lines.num_rows, FAULT.type))
        connection = self.connection
        connection.register("lines", lines)
        shapes.read_shapes(connection)
        letter.find_unsound_lines(connection)
        structure.judge_shapes(
            connection, self._catalogue, default_source=self._terms.default_source
        )
        self._refill("batch_shapes", "select * from judged_shapes")
        self._run(_hash_with_key(self._terms.hash_key))
        connection.unregister("lines")
        self._refill("refused_lines", _REFUSED_BY_SHAPE)

    def hashes(self) -> pa.Table:
        """Return row_id, hash_1 and hash_2 of each line of the batch."""
        return self.connection.sql(
            "select row_id, hash_1, hash_2 from fresh_lines"
        ).to_arrow_table()

    def keep(self, rows: pa.Table) -> None:
        """Judge only the lines with these row ids."""
        self.connection.register("kept", rows)
        self._run(
            "delete from fresh_lines where row_id not in (select row_id from kept)"
        )
        self.connection.unregister("kept")

    def accepted(self) -> Iterator[Accepted]:
        """Judge values group by group; give what keeps the contract."""
        self._hash_unicode()
        for batch, domain in self._batches():
            group_sql = values.GroupSql(
                self._catalogue,
                batch,
                hash_key=self._terms.hash_key,
                landed_at=self._terms.landed_at,
                is_backfill=self._terms.is_backfill,
            )
            rows = self._rows(group_sql.select())
            is_faulty = rows.column("is_faulty")
            rows = rows.drop_columns("is_faulty")
            if pc.any(is_faulty).as_py():
                self._refuse(group_sql, rows.filter(is_faulty).select(["row_id"]))
                rows = rows.filter(pc.invert(is_faulty))
            if rows.num_rows:
                yield Accepted(domain, batch.group, _without_empty(rows))

    def _rows(self, statement: str) -> pa.Table:
        """Run a group's statement, which is parsed once while it stays the same."""
        if statement not in self._parsed:
            (self._parsed[statement],) = self.connection.extract_statements(statement)
        result = self.connection.execute(self._parsed[statement])
        reader = cast(pa.RecordBatchReader, result.to_arrow_reader(_ROWS_PER_PIECE))
        return reader.read_all()

    def _refuse(self, group_sql: values.GroupSql, faulty: pa.Table) -> None:
        self._load("suspects", faulty)
        faults = group_sql.faults("suspects")
        self._run(f"create or replace temp table faulty_rows as {faults}")
        self._run(_REFUSED_BY_VALUE)

    def refuse(self, rows: pa.Table, code: str) -> None:
        """Refuse rows that keep the contract, for a reason it does not know.

        Args:
            rows: Column row_id.
            code: A reason of the catalogue.
        """
        self.connection.register("incoming", rows)
        self._run(
            f"insert into refused_lines select row_id, {text.quoted(code)}, '' "
            "from incoming"
        )
        self.connection.unregister("incoming")

    def rejected(self) -> pa.Table:
        """Return the batch's rejections; call after ``accepted`` is exhausted."""
        return rejections.rejected_rows(
            self.connection,
            self._catalogue,
            hash_key=self._terms.hash_key,
            landed_at=self._terms.landed_at,
            is_backfill=self._terms.is_backfill,
        )

    def _batches(self) -> list[tuple[values.Batch, str]]:
        rows = self.connection.execute(_GROUPS).fetchall()
        unicode_kinds = frozenset(
            kind
            for (kind,) in self.connection.execute(
                "select distinct kind from unicode_hashes"
            ).fetchall()
        )
        fields = self._catalogue.fields
        known = {*fields, *self._catalogue.personal_inputs}
        known |= {alias.key for alias in self._catalogue.field_aliases}
        batches = []
        for group, domain, sent, carried, zones, wrong_types, extras, escapes in rows:
            batch = values.Batch(
                group=group,
                sent=frozenset(known & set(sent or ())) | {"event_name"},
                carried=frozenset(fields) & frozenset(carried),
                has_zones=zones,
                has_wrong_types=wrong_types,
                has_extras=extras,
                has_escapes=escapes,
                unicode_kinds=unicode_kinds,
            )
            seen = self._batches_seen.get(group, batch)
            self._batches_seen[group] = batch | seen
            batches.append((self._batches_seen[group], domain))
        return batches

    def _hash_unicode(self) -> None:
        """Hash in Python the few identifiers that SQL cannot normalize."""
        kinds = self.connection.execute(
            "select distinct key "
            "from sent_keys inner join contract_personal using (key) "
            "where type = 'VARCHAR' and stored_as is not null"
        ).fetchall()
        found: list[tuple[str, str]] = []
        for (kind,) in kinds:
            found += self.connection.execute(
                f"""
                with

                carriers as materialized (

                    select fresh_lines.line
                    from fresh_lines
                    semi join (
                        select shape from sent_keys
                        where key = '{kind}' and type = 'VARCHAR'
                    ) as carrying using (shape)
                    anti join refused_lines using (row_id)

                ),

                said as (

                    select json_extract_string(line, '$.{kind}') as value
                    from carriers

                )

                select distinct '{kind}', value
                from said
                where not {is_plain("value")}
                """
            ).fetchall()
        self._load(
            "unicode_hashes",
            pa.table(
                {
                    "kind": pa.array([kind for kind, _ in found], pa.string()),
                    "value": pa.array([value for _, value in found], pa.string()),
                    "hash": pa.array(
                        [
                            keyed_hash(kind, value, key=self._terms.hash_key)
                            for kind, value in found
                        ],
                        pa.string(),
                    ),
                }
            ),
        )

    def _load(self, table: str, rows: pa.Table) -> None:
        self.connection.register("incoming", rows)
        self._refill(table, "select * from incoming")
        self.connection.unregister("incoming")

    def _refill(self, table: str, query: str) -> None:
        """Fill a table anew; it is defined once, so that prepared statements stand."""
        self._run(f"create table if not exists {table} as from ({query}) limit 0")
        self._run(f"truncate {table}")
        self._run(f"insert into {table} {query}")

    def _run(self, statement: str) -> None:
        self.connection.execute(statement).fetchall()


def _hash_with_key(key: str) -> str:
    """Hash lines that name a person under a key: a plain hash confirms a guess."""
    number = f"cast('0x' || left({hmac_sql('line', key=key)}, 32) as uhugeint)"
    return f"""
        update fresh_lines
        set
            hash_1 = {text.high_bits("keyed.line_hash")},
            hash_2 = {text.low_bits("keyed.line_hash")}
        from (
            select row_id, {number} as line_hash
            from fresh_lines
            inner join batch_shapes using (shape)
            where batch_shapes.is_sensitive or fresh_lines.is_suspect
        ) as keyed
        where fresh_lines.row_id = keyed.row_id
    """


def _without_empty(rows: pa.Table) -> pa.Table:
    """Leave out what was seldom said, where nobody said it."""
    return rows.drop_columns(
        [
            name
            for name in ("raw_values", "extra")
            if rows.column(name).null_count == rows.num_rows
        ]
    )


_ROWS_PER_PIECE: Final = 100_000

_FRESH_LINES: Final = """
row_id bigint,
file_number bigint,
line_number bigint,
line varchar,
shape ubigint,
hash_1 bigint,
hash_2 bigint,
is_odd boolean,
is_suspect boolean
"""

_REFUSED_BY_SHAPE: Final = """
select
    row_id,
    code,
    field
from unsound_lines

union all

select
    fresh_lines.row_id,
    judged_shapes.code,
    judged_shapes.field
from fresh_lines
inner join judged_shapes using (shape)
anti join unsound_lines using (row_id)
where judged_shapes.event_group is null
    or judged_shapes.code = 'duplicate_json_key'
"""

_GROUPS: Final = """
with

grouped as (

    select
        judged_shapes.*,
        written.has_escapes
    from judged_shapes
    inner join (
        select shape, bool_or(contains(line, chr(92))) as has_escapes
        from fresh_lines
        group by shape
    ) as written using (shape)
    where event_group is not null

)

select
    grouped.event_group,
    any_value(grouped.domain) as domain,
    any_value(sent.keys) as sent,
    any_value(carried.keys) as carried,
    bool_or(grouped.declared_zone is not null) as has_zones,
    bool_or(grouped.wrong_types is not null) as has_wrong_types,
    bool_or(grouped.not_extra is not null) as has_extras,
    bool_or(grouped.has_escapes) as has_escapes
from grouped
left join (
    select grouped.event_group, list(distinct sent_keys.key) as keys
    from sent_keys
    inner join grouped using (shape)
    where sent_keys.type <> 'NULL'
    group by grouped.event_group
) as sent using (event_group)
left join (
    select grouped.event_group, list(distinct carried_keys.key) as keys
    from carried_keys
    inner join grouped using (shape)
    group by grouped.event_group
) as carried using (event_group)
group by grouped.event_group
order by grouped.event_group
"""

_REFUSED_BY_VALUE: Final = f"""
insert into refused_lines
with

faulty as (

    select
        faulty_rows.*,
        faulty_rows.value_fault // {values.FIELDS_PER_RANK} as value_rank,
        contract_rejections.code as value_code,
        value_fields.field as value_field
    from faulty_rows
    left join contract_rejections
        on contract_rejections.rank
            = faulty_rows.value_fault // {values.FIELDS_PER_RANK}
    left join value_fields
        on value_fields.rowid = faulty_rows.value_fault % {values.FIELDS_PER_RANK}

),

compared as (

    select
        *,
        shape_rank is null
        or value_rank < shape_rank
        or (value_rank = shape_rank and value_field < shape_field)
            as is_by_value
    from faulty

)

select
    row_id,
    if(is_by_value, value_code, shape_code) as code,
    if(is_by_value, value_field, shape_field) as field
from compared
"""
