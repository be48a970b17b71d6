"""Reading shapes: what lines have in common before any value is looked at.

A *shape* is event name, source, keys and JSON types. A batch of lines has few, so each
line is read once for the number of its shape, and everything about the shape is decided
once. A line that has none has a *kind* instead of an object's: the code of its fault.
"""

from __future__ import annotations

from typing import Final

import duckdb

from ingestion.judge import text

# DuckDB's reader is more lenient than JSON: these are the ways it has been seen to be.
# CASE looks only at what its earlier branches left, so a costly pattern comes last.
_IS_SUSPECT: Final = r"""
    case
        when fault is not null then false
        when json_line is null then regexp_matches(line, '\\u[dD][89a-fA-F]')
        when kind <> 'OBJECT' then true
        when contains(line, '\u0000') then true
        when suffix(line, '"}') then false
        else regexp_matches(line, ',\s*\}\s*$')
    end
"""
_IS_SUSPECT_IF_ODD: Final = r"""
    case
        when list_contains(types, 'OBJECT') then true
        -- the letter's reader takes no longer integers
        when exact_types is not null and strlen(line) > 4300 then true
        when not list_contains(types, 'ARRAY')
            then regexp_matches(line, '(?i)[\[:,]\s*-?(nan|inf)')
        when items is null then true
        when len(list_filter(types, lambda type: type = 'ARRAY')) > 1 then true
        when list_contains(json_type(line, '$.lines[*]'), 'ARRAY') then true
        when list_contains(cells, 'OBJECT') then true
        when list_contains(cells, 'ARRAY') then true
        -- in a line without white space, what to look for can be told exactly
        when contains(line, ',]') or contains(line, ',}') then true
        when (
            list_contains(types, 'DOUBLE')
            or list_contains(cells, 'DOUBLE')
        ) and regexp_matches(line, '(?i)[\[:,]\s*-?(nan|inf)') then true
        else regexp_matches(line, ',\s') and regexp_matches(line, ',\s+[\]}]')
    end
"""

# Keys and types of a line; odd types are those that do not say enough of a value.
_LOOKED_AT: Final = """
split as (

    select
        *,
        case when fault is null and json_valid(line) then line end as json_line
    from seen_lines

),

listed as (

    select
        *,
        json_extract_string(json_line, ['$.event_name', '$.source']) as names,
        json_keys(json_line) as keys,
        json_type(json_line, '$.*') as types
    from split

),

looked_at as (

    select
        *,
        case
            when json_line is null then coalesce(fault, 'not_json')
            when len(keys) = 0 then json_type(json_line)
            else 'OBJECT'
        end as kind,
        -- faster than one list_has_any
        coalesce(
            list_contains(types, 'ARRAY')
            or list_contains(types, 'OBJECT')
            or list_contains(types, 'DOUBLE'),
            false
        ) as is_odd
    from listed

)
"""

# Every line is read once for numbers alone; what they stand for, which is long, is read
# again from one line of each shape.
_READ_PLAIN: Final = f"""
insert into fresh_lines
with

seen_lines as (

    select * from lines

),

{_LOOKED_AT},

hashed as (

    select
        *,
        md5_number(line) as line_hash
    from looked_at

)

select
    row_id,
    file_number,
    line_number,
    line,
    hash(names[1], names[2], keys, types, kind) as shape,
    {text.high_bits("line_hash")} as hash_1,
    {text.low_bits("line_hash")} as hash_2,
    is_odd,
    {_IS_SUSPECT} as is_suspect
from hashed
"""

# Odd lines are set apart first: work on lists costs by the block of rows, and few of a
# block are odd.
_SET_APART: Final = """
create or replace temp table odd_lines as
select row_id, shape, is_suspect, line
from fresh_lines
where is_odd
"""

# Of the numbers that DuckDB calls DOUBLE, some are integers beyond 64 bits.
_ITEMIZED: Final = r"""
typed as (

    select
        *,
        json_type(line, '$.*') as types
    from seen_odd_lines

),

itemized as (

    select
        *,
        case
            when not list_contains(types, 'DOUBLE') then null
            when regexp_matches(line, '\d{19}')
                then list_transform(
                    list_zip(json_extract(line, '$.*'), types),
                    lambda pair: if(
                        pair[2] = 'DOUBLE'
                        and regexp_full_match(cast(pair[1] as varchar), '-?\d+'),
                        'HUGEINT',
                        pair[2]
                    )
                )
        end as exact_types,
        case
            when json_type(line, '$.lines') = 'ARRAY'
                then json_extract(line, '$.lines[*]')
        end as items,
        json_type(line, '$.lines[*].*') as cells
    from typed

)
"""

# The shape of a list is what its elements look like, in whichever number and order.
_READ_ODD: Final = f"""
create or replace temp table odd_shapes as
with

seen_odd_lines as (

    select * from odd_lines

),

{_ITEMIZED}

select
    row_id,
    hash(
        shape,
        exact_types,
        list_sort(
            list_distinct(
                list_transform(
                    items,
                    lambda item: hash(
                        json_type(item), json_keys(item), json_type(item, '$.*')
                    )
                )
            )
        )
    ) as shape,
    is_suspect or {_IS_SUSPECT_IF_ODD} as is_suspect
from itemized
"""

_PUT_BACK: Final = """
update fresh_lines
set
    shape = odd_shapes.shape,
    is_suspect = odd_shapes.is_suspect
from odd_shapes
where fresh_lines.row_id = odd_shapes.row_id
"""

_SHAPES: Final = f"""
create or replace temp table shapes as
with

first_lines as (

    select
        shape,
        min(row_id) as row_id
    from fresh_lines
    group by shape

),

seen_lines as (

    select
        first_lines.shape,
        lines.*
    from lines
    inner join first_lines using (row_id)

),

seen_odd_lines as (

    select * from odd_lines semi join first_lines using (row_id)

),

{_LOOKED_AT},

{_ITEMIZED}

select
    looked_at.shape,
    looked_at.kind,
    looked_at.names,
    looked_at.keys,
    coalesce(itemized.exact_types, looked_at.types) as types,
    list_transform(
        itemized.items,
        lambda item: {{
            'kind': json_type(item),
            'keys': json_keys(item),
            'types': json_type(item, '$.*')
        }}
    ) as items
from looked_at
left join itemized using (row_id)
"""

_SENT_KEYS: Final = """
create or replace temp table sent_keys as
select
    shape,
    unnest(keys) as key,
    unnest(types) as type
from shapes
"""


def read_shapes(connection: duckdb.DuckDBPyConnection) -> None:
    """Read table ``lines`` once into ``fresh_lines`` and its distinct ``shapes``.

    A line's hash is of its text. It need not withstand a forger, who could as well send
    nothing: a checksum that is twice as fast as a signature's tells repeats as well.
    """
    for statement in (
        _READ_PLAIN,
        _SET_APART,
        _READ_ODD,
        _PUT_BACK,
        _SHAPES,
        _SENT_KEYS,
    ):
        connection.execute(statement).fetchall()
