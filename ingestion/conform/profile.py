"""What lines say of themselves, whether or not they keep the contract.

A batch is read once into its distinct shapes (event name and keys), and only counts
leave the database: memory does not grow with the lines.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import duckdb
import pyarrow as pa

from ingestion.contract.catalogue import Catalogue
from ingestion.judge import text

NAMES_KEPT: Final = 2_000  # foreign names told apart, the most frequent of a batch


@dataclass
class Profile:
    """Counts of lines, added up over batches.

    Attributes:
        carried: Event -> field -> lines that carry it under any of its spellings.
        seen: Event -> lines that name it.
        foreign_events: Spelling -> name as sent, of names the catalogue lacks.
        foreign_event_lines: Spelling -> lines.
        foreign_keys: Key -> known event it came on (empty: none) -> lines.
        nested_keys: Foreign keys that held an object or a list.
        said: ``source``, ``currency`` or ``zone`` -> what lines say -> lines.

    Of names, only the :data:`NAMES_KEPT` most frequent of a batch are told apart, and
    as many in all.
    """

    carried: dict[str, Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    seen: Counter[str] = field(default_factory=Counter)
    foreign_events: dict[str, str] = field(default_factory=dict)
    foreign_event_lines: Counter[str] = field(default_factory=Counter)
    foreign_keys: dict[str, Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    nested_keys: set[str] = field(default_factory=set)
    said: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


class Profiler:
    """Adds batches of lines to a profile, in a database of the caller's."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, catalogue: Catalogue
    ) -> None:
        """Hand the database what the catalogue knows; ``line_hashes`` will grow."""
        self.profile = Profile()
        self._connection = connection
        for table, rows in _known_names(catalogue).items():
            connection.register("known", rows)
            self._run(f"create or replace table {table} as select * from known")
            connection.unregister("known")
        self._run("create or replace table line_hashes (line_hash ubigint)")

    def add(self, lines: pa.Table) -> None:
        """Add a batch: ``line``, and in ``fault`` why it must not be read, or null."""
        self._connection.register("lines", lines)
        # 64 bits: among ten million lines a false repeat has odds of 1 in 370,000
        self._run("insert into line_hashes select hash(line) from lines")
        self._run(_SAID)
        self._connection.unregister("lines")
        self._run(_SHAPES)
        self._run(_SHAPE_KEYS)
        profile = self.profile
        for event, lines_seen in self._rows(_SEEN):
            profile.seen[event] += lines_seen
        for event, carried, count in self._rows(_CARRIED):
            profile.carried[event][carried] += count
        for spelling, name, count in self._rows(_FOREIGN_EVENTS):
            if spelling in profile.foreign_events or _has_room(profile.foreign_events):
                profile.foreign_events.setdefault(spelling, name)
                profile.foreign_event_lines[spelling] += count
        for key, event, count, is_nested in self._rows(_FOREIGN_KEYS):
            if key in profile.foreign_keys or _has_room(profile.foreign_keys):
                profile.foreign_keys[key][event] += count
                profile.nested_keys |= {key} if is_nested else set()
        for kind, value, count in self._rows(_OF_ALL):
            if value in profile.said[kind] or _has_room(profile.said[kind]):
                profile.said[kind][value] += count

    def repeats(self) -> int:
        """Count the lines that say again, letter by letter, what a line said before."""
        ((count,),) = self._rows(
            "select count(*) - count(distinct line_hash) from line_hashes"
        )
        return int(count)

    def _rows(self, query: str) -> list[tuple]:
        return self._connection.execute(query).fetchall()

    def _run(self, statement: str) -> None:
        self._connection.execute(statement).fetchall()


def _has_room(names: Mapping[str, object]) -> bool:
    return len(names) < NAMES_KEPT


def _known_names(catalogue: Catalogue) -> dict[str, pa.Table]:
    spellings = {**{name: name for name in catalogue.events}, **catalogue.event_aliases}
    refused = (*catalogue.forbidden_inputs, *catalogue.stamped_at_landing)
    personal = {**dict.fromkeys(refused), **catalogue.personal_inputs}
    keys = {**{name: name for name in catalogue.fields}, **personal}
    renamed = [
        (event, alias.key, alias.field)
        for event in catalogue.events
        for alias in catalogue.field_aliases
        if alias.events is None or event in alias.events
    ]
    return {
        "known_events": _table(["spelling", "event_name"], spellings.items()),
        "known_keys": _table(["key", "field"], keys.items()),
        "personal_keys": _table(["key", "field"], personal.items()),
        "renamed_keys": _table(["event_name", "key", "field"], renamed),
    }


def _table(names: list[str], rows: Iterable[Sequence[str | None]]) -> pa.Table:
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, pa.string()) for column in columns]
    return pa.table(dict(zip(names, arrays, strict=True)))


_SAID: Final = f"""
create or replace temp table said as
with

documents as (

    select case when json_valid(line) then line end as document
    from lines
    where fault is null

)

select
    json_extract_string(
        document, ['$.event_name', '$.source', '$.currency', '$.occurred_at']
    ) as words,
    json_keys(document) as keys,
    json_type(document, '$.*') as types,
    case
        when json_type(document, '$.event_name') = 'VARCHAR' then nullif(words[1], '')
    end as event_text,
    words[2] as source,
    words[3] as currency,
    case
        when words[4] is null then null
        when regexp_full_match(words[4], '{text.OFFSET_TIME}')
            then regexp_extract(words[4], '(Z|[+-]..:..)$', 1)
        when regexp_full_match(words[4], '{text.NAIVE_TIME}') then 'no offset'
        else 'not ISO 8601'
    end as zone
from documents
where json_type(document) = 'OBJECT'
"""

_SHAPES: Final = f"""
create or replace temp table shapes as
with

counted as (

    select
        event_text,
        keys,
        types,
        count(*) as lines
    from said
    group by all

)

select
    row_number() over () as shape,
    counted.*,
    {text.slug("event_text")} as spelling,
    known_events.event_name
from counted
left join known_events on known_events.spelling = {text.slug("event_text")}
"""

_SHAPE_KEYS: Final = """
create or replace temp table shape_keys as
with

sent as (

    select
        shape,
        lines,
        event_name,
        unnest(keys) as key,
        unnest(types) as type
    from shapes

)

select
    sent.*,
    coalesce(renamed_keys.field, known_keys.field, personal.field) as field,
    coalesce(renamed_keys.key, known_keys.key, personal.key) is null as is_foreign
from sent
left join renamed_keys using (event_name, key)
left join known_keys on known_keys.key = sent.key
-- the judge knows an identifier in any letters
left join personal_keys as personal on personal.key = lower(trim(sent.key))
where sent.type <> 'NULL'
"""

_SEEN: Final = """
select event_name, sum(lines)::bigint
from shapes
where event_name is not null
group by event_name
"""

_CARRIED: Final = """
select event_name, field, sum(lines)::bigint
from (
    select distinct shape, event_name, field, lines
    from shape_keys
    where event_name is not null and field is not null
)
group by event_name, field
"""

_FOREIGN_EVENTS: Final = f"""
select spelling, any_value(event_text), sum(lines)::bigint as lines
from shapes
where event_name is null and event_text is not null
group by spelling
order by lines desc, spelling
limit {NAMES_KEPT}
"""

_FOREIGN_KEYS: Final = f"""
select
    key,
    coalesce(event_name, '') as event,
    sum(lines)::bigint as lines,
    bool_or(type in ('OBJECT', 'ARRAY'))
from (
    select distinct shape, event_name, key, type, lines
    from shape_keys
    where is_foreign
)
group by key, event_name
order by lines desc, key, event
limit {NAMES_KEPT}
"""

_OF_ALL: Final = " union all ".join(
    f"""(
    select '{kind}', {kind}, count(*) as lines
    from said
    where {kind} is not null
    group by {kind}
    order by lines desc, {kind}
    limit {NAMES_KEPT}
)"""
    for kind in ("source", "currency", "zone")
)
