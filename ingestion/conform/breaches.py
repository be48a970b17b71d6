"""Accepted lines that break the story of a thing: moves that no state machine allows.

Stories are walked once all lines are read, since files come in any order, and a part
of the things at a time, so that memory does not grow with the dump.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import duckdb
import pyarrow as pa

from ingestion.conform.masking import shown_name
from ingestion.contract.catalogue import Catalogue
from ingestion.contract.tables import model_tables

WALKED_ROWS: Final = 200_000  # events of the things walked at once
_OPTIONAL: Final = {
    "event_id": "varchar",
    "order_id": "varchar",
    "lines": "varchar",
    "quantity": "bigint",
    "is_partial": "boolean",
    "is_test": "boolean",
    "is_synthetic": "boolean",
    "target_event_id": "varchar",
}


@dataclass(frozen=True)
class Breach:
    """Accepted lines that tell of one event where its machine does not allow it.

    Attributes:
        machine: State machine of the catalogue.
        event_name: What the lines tell.
        from_state: State of the thing just before.
        reason: The catalogue's name of the breach, else what cannot follow what.
        lines: How many.
        file, line_number: Where the first of them stands.
        entity: Its thing; only the form of a name that may be a person's.
    """

    machine: str
    event_name: str
    from_state: str
    reason: str
    lines: int
    file: str
    line_number: int
    entity: str


class Stories:
    """Keeps what accepted lines tell of things that have a story."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, catalogue: Catalogue
    ) -> None:
        """Hand the database the state machines."""
        self._connection = connection
        for name, rows in model_tables(catalogue).items():
            if name in _READ:
                connection.register("rows", rows)
                self._run(f"create or replace table {name} as select * from rows")
                connection.unregister("rows")
        self._fields = sorted(
            {field for (field,) in self._rows("select id_field from contract_machines")}
        )
        self._conditions = _conditions(self._rows(_CONDITIONS))
        self._run(_TABLES)

    def add(self, rows: pa.Table) -> None:
        """Keep the rows of one event group."""
        there = set(rows.column_names)
        said = {field for fields in self._conditions.values() for field in fields}
        types = {**dict.fromkeys((*self._fields, *said), "varchar"), **_OPTIONAL}
        columns = ", ".join(
            f'"{name}"' if name in there else f'null::{kind} as "{name}"'
            for name, kind in types.items()
        )
        self._connection.register("accepted", rows)
        self._run(
            f"""
            create or replace temp table telling as
            select
                file_number, row_id, line_number, event_name, occurred_at, fact_key,
                {columns}
            from accepted
            """
        )
        self._connection.unregister("accepted")
        entity = " ".join(f"when '{field}' then {field}" for field in self._fields)
        self._run(_TELL.format(entity=entity, said=_said(self._conditions)))
        for statement in (_LINES, _RETRACTED, _TESTS):
            self._run(statement)

    def breaches(self, files: list[str]) -> tuple[Breach, ...]:
        """Walk every story; most lines first. ``files`` names them by number."""
        for statement in (_STORIES, _MOVES):
            self._run(statement)
        ((rows,),) = self._rows("select count(*) from stories")
        parts = -(-rows // WALKED_ROWS)
        for part in range(parts):
            self._run(_WALK, {"part": part, "parts": parts})
        return tuple(
            Breach(
                machine,
                event,
                state,
                reason,
                lines,
                files[first["file_number"]],
                first["line_number"],
                shown_name(first["entity_id"]),
            )
            for machine, event, state, reason, lines, first in self._rows(_BREACHES)
        )

    def _run(self, statement: str, values: Mapping[str, int] | None = None) -> None:
        self._connection.execute(statement, values or {}).fetchall()

    def _rows(self, query: str) -> list[tuple]:
        return self._connection.execute(query).fetchall()


def _conditions(rows: list[tuple]) -> dict[str, list[str]]:
    """Return event -> fields that its moves depend on."""
    fields: dict[str, list[str]] = {}
    for event, field in rows:
        fields.setdefault(event, []).append(field)
    return fields


def _said(conditions: Mapping[str, list[str]]) -> str:
    """Return what an event says of those fields, as ``|field=value|...|``."""
    cases = " ".join(
        f"when '{event}' then '|' || "
        + " || ".join(f"'{f}=' || coalesce({f}::varchar, '') || '|'" for f in fields)
        for event, fields in conditions.items()
    )
    return f"case event_name {cases} else '' end"


_READ: Final = (
    "contract_events",
    "contract_machines",
    "contract_machine_events",
    "contract_moves",
)

_CONDITIONS: Final = """
select distinct event_name, split_part(condition, '=', 1)
from contract_moves
where condition is not null
order by all
"""

_TABLES: Final = """
create or replace table told (
    machine varchar, id_field varchar, entity_id varchar, order_id varchar,
    event_name varchar, said varchar, quantity bigint, is_partial boolean,
    is_test boolean, can_break boolean, occurred_at timestamptz, event_id varchar,
    fact_key varchar, file_number bigint, row_id bigint, line_number bigint
);
create or replace table order_lines (
    order_id varchar, order_line_id varchar, quantity bigint
);
create or replace table retracted (event_id varchar);
create or replace table test_orders (order_id varchar)
"""

_TELL: Final = """
insert into told
select
    machine_events.machine,
    machines.id_field,
    case machines.id_field {entity} end,
    telling.order_id,
    telling.event_name,
    {said},
    telling.quantity,
    telling.is_partial,
    coalesce(telling.is_test, false) or coalesce(telling.is_synthetic, false),
    machine_events.can_break,
    telling.occurred_at,
    coalesce(telling.event_id, telling.fact_key),
    telling.fact_key,
    telling.file_number,
    telling.row_id,
    telling.line_number
from telling
inner join contract_machine_events as machine_events using (event_name)
inner join contract_machines as machines using (machine)
where machine_events.is_own
"""

_LINES: Final = """
insert into order_lines
select
    order_id,
    item.order_line_id,
    item.quantity
from (
    select
        order_id,
        unnest(
            from_json(lines, '[{"order_line_id": "VARCHAR", "quantity": "BIGINT"}]')
        ) as item
    from telling
    where event_name = 'order_placed'
)
"""

_RETRACTED: Final = """
insert into retracted
select target_event_id from telling where target_event_id is not null
"""

_TESTS: Final = """
insert into test_orders
select order_id from telling where order_id is not null and (is_test or is_synthetic)
"""

# a fact told twice, under its id or under its key, is one event of its story; one flag
# on an order takes all that hangs on it
_STORIES: Final = """
create or replace table stories as
with

test_things as (

    select distinct
        id_field,
        entity_id
    from told
    where is_test
        or order_id in (select order_id from test_orders)

),

facts as (

    select told.*
    from told
    anti join test_things using (id_field, entity_id)
    where event_id not in (select event_id from retracted)
        and fact_key not in (select event_id from retracted)
        and coalesce(order_id, '') not in (select order_id from test_orders)
    qualify row_number() over (partition by machine, fact_key order by row_id) = 1
        and row_number() over (partition by machine, event_id order by row_id) = 1

),

lines as (

    select distinct on (order_id, order_line_id) * from order_lines

),

of_things as (

    select
        facts.* replace (coalesce(facts.entity_id, lines.order_line_id) as entity_id),
        facts.entity_id is null as is_told_of_order,
        lines.quantity as line_quantity
    from facts
    left join lines
        on facts.id_field = 'order_line_id'
        and facts.order_id = lines.order_id
        and coalesce(facts.entity_id, lines.order_line_id) = lines.order_line_id

),

concerned as (

    select
        * replace (can_break and not is_told_of_order as can_break),
        machine || ':' || entity_id || case
            when machine in ('reservation', 'pickup') then ':' || order_id else ''
        end as thing
    from of_things
    where entity_id is not null
        and not (
            is_told_of_order and (quantity is not null or coalesce(is_partial, false))
        )
        -- fewer units than the line has leave its story where it was
        and not coalesce(
            event_name = 'order_cancelled' and quantity < line_quantity, false
        )

)

select
    concerned.*,
    contract_events.rank
from concerned
inner join contract_events using (event_name)
"""

_MOVES: Final = """
create or replace table moves as
select
    occasions.*,
    contract_moves.from_state,
    contract_moves.to_state,
    contract_moves.label,
    bool_or(contract_moves.to_state is not null) over (
        partition by occasions.machine, occasions.event_name, occasions.said
    ) as is_mentioned
from (select distinct machine, event_name, said from stories) as occasions
inner join contract_moves
    on occasions.machine = contract_moves.machine
    and occasions.event_name = contract_moves.event_name
    and (
        contract_moves.condition is null
        or contains(occasions.said, '|' || contract_moves.condition || '|')
    )
qualify row_number() over (
    partition by
        occasions.machine,
        occasions.event_name,
        occasions.said,
        contract_moves.from_state
    order by contract_moves.position
) = 1;
create or replace table broken (
    machine varchar, entity_id varchar, event_name varchar, from_state varchar,
    reason varchar, file_number bigint, row_id bigint, line_number bigint
)
"""

_WALK: Final = """
insert into broken
with recursive

numbered as (

    select
        stories.*,
        mentioned.is_mentioned,
        row_number() over (
            partition by stories.thing
            order by stories.occurred_at, stories.rank, stories.event_id
        ) as event_number
    from stories
    inner join (
        select distinct machine, event_name, said, is_mentioned from moves
    ) as mentioned using (machine, event_name, said)
    where hash(stories.thing) % $parts = $part

),

walked as (

    select
        thing,
        0::bigint as event_number,
        null::varchar as from_state,
        initial_state as state,
        null::varchar as label,
        false as is_move
    from numbered
    inner join contract_machines using (machine)
    where event_number = 1

    union all

    select
        walked.thing,
        told.event_number,
        walked.state,
        coalesce(moves.to_state, walked.state),
        moves.label,
        moves.to_state is not null
    from walked
    inner join numbered as told
        on walked.thing = told.thing
        and walked.event_number + 1 = told.event_number
    left join moves
        on told.machine = moves.machine
        and told.event_name = moves.event_name
        and told.said = moves.said
        and walked.state = moves.from_state

)

select
    told.machine,
    told.entity_id,
    told.event_name,
    walked.from_state,
    coalesce(walked.label, told.event_name || ' cannot follow ' || walked.from_state),
    told.file_number,
    told.row_id,
    told.line_number
from walked
inner join numbered as told using (thing, event_number)
where told.can_break
    and not walked.is_move
    and (walked.label is not null or told.is_mentioned)
"""

_BREACHES: Final = """
select
    machine,
    event_name,
    from_state,
    reason,
    count(*) as lines,
    arg_min(
        {
            'file_number': file_number,
            'line_number': line_number,
            'entity_id': entity_id
        },
        row_id
    )
from broken
group by machine, event_name, from_state, reason
order by lines desc, machine, event_name, from_state
"""
