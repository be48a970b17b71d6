"""What a line's shape decides: which event it is, which keys it has, of which types.

Everything is decided once per shape, by joins with the catalogue's tables.
"""

from __future__ import annotations

import duckdb

from ingestion.contract.catalogue import Catalogue, Rule
from ingestion.judge.letter import UNREAD
from ingestion.judge.text import listed, pattern, quoted, slug


def judge_shapes(
    connection: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    *,
    default_source: str | None,
) -> None:
    """Judge every shape into ``judged_shapes``, one row each, reason included."""
    for statement in (
        _identified(default_source),
        _renamed(),
        _carried(catalogue, default_source),
        _faults(catalogue),
        _judged(catalogue),
    ):
        connection.execute(statement).fetchall()


def _identified(default_source: str | None) -> str:
    default = "null" if default_source is None else quoted(default_source)
    return f"""
create or replace temp table identified_shapes as
with

kinds as (

    select
        shape,
        any_value(type) filter (where key = 'event_name') as name_type,
        coalesce(any_value(type) filter (where key = 'source'), 'NULL')
            as source_type
    from sent_keys
    group by shape

),

named as (

    select
        shapes.*,
        kinds.name_type,
        case when kinds.name_type = 'VARCHAR' then names[1] end as event_text,
        case
            when kinds.source_type = 'VARCHAR' then names[2]
            when kinds.source_type = 'NULL' then {default}
        end as source
    from shapes
    left join kinds using (shape)

)

select
    named.*,
    contract_events.event_name,
    contract_events.domain,
    contract_events.event_group,
    contract_sources.currency as declared_currency,
    contract_sources.time_zone as declared_zone
from named
left join contract_spellings
    on contract_spellings.spelling = {slug("named.event_text")}
left join contract_events using (event_name)
left join contract_sources using (source)
"""


def _renamed() -> str:
    return """
create or replace temp table renamed_keys as
with

said as (

    select
        sent_keys.*,
        identified_shapes.event_name,
        identified_shapes.declared_currency
    from sent_keys
    inner join identified_shapes using (shape)
    where sent_keys.type <> 'NULL'
        and identified_shapes.event_name is not null

)

select
    said.shape,
    said.key,
    said.type,
    aliases.field,
    aliases.transform,
    aliases.on_conflict,
    targets.key is not null as is_taken,
    aliases.transform = 'major_to_minor' as is_scaled,
    case
        when not is_scaled then null
        when currencies.key is null and said.declared_currency is null
            then 'alias_currency_missing'
        when said.type in ('BOOLEAN', 'OBJECT', 'ARRAY') then 'field_type'
    end as unreadable,
    case
        when unreadable is not null then unreadable
        -- values of two types cannot agree; of one type, their values are compared
        when is_taken and aliases.on_conflict = 'reject'
        and if(
            is_scaled,
            said.type <> 'VARCHAR'
            and not list_contains(fields.json_kinds, targets.type),
            not list_contains(fields.json_kinds, said.type)
            or not list_contains(fields.json_kinds, targets.type)
        )
            then 'alias_conflict'
    end as refusal,
    case
        when refusal is not null then 'keeps its name'
        when not is_taken then 'becomes the field'
        when aliases.on_conflict = 'reject' then 'is compared'
        else 'keeps its name'
    end as fate
from said
inner join contract_aliases as aliases
    on aliases.event_name = said.event_name and aliases.key = said.key
inner join contract_fields as fields on fields.field = aliases.field
left join said as targets
    on targets.shape = said.shape and targets.key = aliases.field
left join said as currencies
    on currencies.shape = said.shape and currencies.key = 'currency'
"""


def _carried(catalogue: Catalogue, default_source: str | None) -> str:
    rule = next((r for r in catalogue.rules if r.kind == "suffix_needs_field"), None)
    suffix = rule.options["suffix"] if rule else ""
    exempt = listed(rule.options["except"]) if rule else "''"
    default = "false" if default_source is None else "true"
    return f"""
create or replace temp table carried_keys as
with

-- what was sent, without direct identifiers and renamed keys
sent as (

    select
        sent_keys.shape,
        sent_keys.key,
        sent_keys.type,
        'sent' as origin
    from sent_keys
    inner join identified_shapes using (shape)
    anti join contract_personal as personal on personal.key = sent_keys.key
    anti join renamed_keys as renamed
        on renamed.shape = sent_keys.shape
        and renamed.key = sent_keys.key
        and renamed.fate <> 'keeps its name'
    where sent_keys.type <> 'NULL'
        and identified_shapes.event_name is not null

),

hashed as (

    select distinct
        sent_keys.shape,
        personal.stored_as as key,
        'VARCHAR' as type,
        'hashed' as origin
    from sent_keys
    inner join contract_personal as personal
        on personal.key = sent_keys.key and personal.stored_as is not null
    where sent_keys.type = 'VARCHAR'

),

renamed as (

    select
        shape,
        field as key,
        if(is_scaled, 'UBIGINT', type) as type,
        'renamed' as origin
    from renamed_keys
    where fate = 'becomes the field'

),

told as (

    select * from sent
    union all
    select * from hashed
    union all
    select * from renamed

),

-- a declared currency stands behind every amount
declared as (

    select distinct
        told.shape,
        'currency' as key,
        'VARCHAR' as type,
        'declared' as origin
    from told
    inner join identified_shapes using (shape)
    where identified_shapes.declared_currency is not null
        and told.key like '%' || replace({quoted(suffix)}, '_', '\\_') escape '\\'
        and told.key not in ({exempt})

),

sourced as (

    select
        shape,
        'source' as key,
        'VARCHAR' as type,
        'declared' as origin
    from identified_shapes
    where {default} and event_name is not null

),

defaulted as (

    select
        identified_shapes.shape,
        contract_defaults.field as key,
        'DEFAULT' as type,
        'default' as origin
    from identified_shapes
    inner join contract_defaults using (event_name)

),

-- a key said twice over keeps its first telling, in this order
candidates as (

    select *, 1 as preference from told
    union all
    select *, 2 as preference from declared
    union all
    select *, 2 as preference from sourced
    union all
    select *, 3 as preference from defaulted

),

chosen as (

    select
        shape,
        key,
        arg_min(type, preference) as type,
        arg_min(origin, preference) as origin
    from candidates
    group by shape, key

),

derived as (

    select
        identified_shapes.shape,
        derived_ids.field as key,
        'VARCHAR' as type,
        'derived' as origin
    from identified_shapes
    inner join contract_derived_ids as derived_ids using (event_name)
    inner join chosen
        on chosen.shape = identified_shapes.shape
        and list_contains(list_append(derived_ids.inputs, 'source'), chosen.key)
    group by identified_shapes.shape, derived_ids.field, derived_ids.inputs
    having count(*) = len(derived_ids.inputs) + 1

)

select * from chosen
union all
select derived.*
from derived
anti join chosen using (shape, key)
"""


def _faults(catalogue: Catalogue) -> str:
    needs = " ".join(
        f"union all {_need(rule)}"
        for rule in catalogue.rules
        if rule.kind in ("suffix_needs_field", "field_needs_field")
    )
    return f"""
create or replace temp table shape_faults as
with

item_shapes as (

    select
        shape,
        unnest(items) as item
    from identified_shapes

),

item_keys as (

    select
        shape,
        unnest(item.keys) as key,
        unnest(item.types) as type
    from item_shapes

),

faults as (

    -- the kind of a line that cannot be read is the reason
    select
        shape,
        if(kind in ({listed(UNREAD)}), kind, 'not_an_object') as code,
        '' as field
    from identified_shapes
    where kind <> 'OBJECT'

    union all

    select shape, 'duplicate_json_key' as code, key as field
    from sent_keys
    group by shape, key
    having count(*) > 1

    union all

    select shape, 'event_name_missing' as code, 'event_name' as field
    from identified_shapes
    where coalesce(event_text, '') = ''

    union all

    select shape, 'event_name_unknown' as code, 'event_name' as field
    from identified_shapes
    where event_name is null

    union all

    select sent_keys.shape, refused.code, refused.key as field
    from sent_keys
    inner join contract_refused as refused using (key)
    where sent_keys.type <> 'NULL'

    union all

    select shape, refusal as code, key as field
    from renamed_keys
    where refusal is not null

    union all

    select shape, 'nested_value' as code, key as field
    from carried_keys
    where type in ('OBJECT', 'ARRAY') and key <> 'lines'

    union all

    select required.shape, 'field_missing' as code, required.field
    from (
        select identified_shapes.shape, contract_required.field
        from identified_shapes
        inner join contract_required using (event_name)
    ) as required
    anti join carried_keys
        on carried_keys.shape = required.shape
        and carried_keys.key = required.field

    union all

    select
        carried_keys.shape,
        case
            when carried_keys.key = 'event_version'
                then 'event_version_unsupported'
            else fields.fault
        end as code,
        carried_keys.key as field
    from carried_keys
    inner join contract_fields as fields on fields.field = carried_keys.key
    where not list_contains(fields.json_kinds, carried_keys.type)
        and carried_keys.type <> 'DEFAULT'
        and (
            carried_keys.type not in ('OBJECT', 'ARRAY')
            or carried_keys.key in ('lines', 'event_version')
        )

    union all

    select carried_keys.shape, 'number_out_of_range' as code, carried_keys.key
    from carried_keys
    inner join contract_fields as fields on fields.field = carried_keys.key
    where carried_keys.type = 'HUGEINT'
        and not list_contains(fields.json_kinds, 'DOUBLE')
        and list_contains(fields.json_kinds, 'HUGEINT')

    union all

    select shape, 'line_item_invalid' as code, 'lines' as field
    from identified_shapes
    where len(items) = 0

    union all

    select
        shape,
        case
            when len(item.keys) > len(list_distinct(item.keys))
                then 'duplicate_json_key'
            when item.kind = 'OBJECT'
            and (
                list_contains(item.types, 'OBJECT')
                or list_contains(item.types, 'ARRAY')
            )
                then 'nested_value'
            else 'line_item_invalid'
        end as code,
        coalesce(
            list_filter(
                item.keys,
                lambda key, place: list_position(item.keys, key) < place
            )[1],
            'lines'
        ) as field
    from item_shapes
    where item.kind <> 'OBJECT'
        or len(item.keys) > len(list_distinct(item.keys))
        or list_contains(item.types, 'OBJECT')
        or list_contains(item.types, 'ARRAY')

    union all

    select item_keys.shape, 'line_item_invalid' as code, 'lines' as field
    from item_keys
    inner join contract_line_fields as line_fields
        on line_fields.field = item_keys.key
    where not list_contains(line_fields.json_kinds, item_keys.type)

    union all

    select item_shapes.shape, 'line_item_invalid' as code, 'lines' as field
    from item_shapes
    inner join contract_line_fields as line_fields
        on line_fields.is_required
        and not list_contains(item_shapes.item.keys, line_fields.field)

    union all

    select item_shapes.shape, line_needs.code, 'lines' as field
    from item_shapes
    inner join identified_shapes using (shape)
    inner join contract_line_needs as line_needs
        on line_needs.event_name = identified_shapes.event_name
        and item_shapes.item.kind = 'OBJECT'
        and not list_contains(item_shapes.item.keys, line_needs.field)

    {needs}

)

select
    faults.*,
    contract_rejections.rank
from faults
inner join contract_rejections using (code)
"""


def _need(rule: Rule) -> str:
    """Select the shapes that break a rule "this key needs that field"."""
    needed = quoted(rule.options["field"])
    events = "true" if rule.events is None else f"event_name in ({listed(rule.events)})"
    lacking = f"""
        inner join identified_shapes using (shape)
        anti join carried_keys as needed
            on needed.shape = identified_shapes.shape and needed.key = {needed}
        where {events}
    """
    if rule.kind == "field_needs_field":
        return f"""
            select
                carriers.shape,
                {quoted(rule.code)} as code,
                carriers.key as field
            from carried_keys as carriers
            {lacking} and carriers.key = {quoted(rule.options["if_field"])}
        """
    ending = f"'%{rule.options['suffix'].replace('_', chr(92) + '_')}' escape '\\'"
    return f"""
        select
            carriers.shape,
            {quoted(rule.code)} as code,
            min(carriers.key) as field
        from carried_keys as carriers
        inner join contract_fields as fields on fields.field = carriers.key
        {lacking}
            and carriers.key like {ending}
            and carriers.key not in ({listed(rule.options["except"])})
        group by carriers.shape

        union all

        select distinct carriers.shape, {quoted(rule.code)} as code, 'lines' as field
        from item_keys as carriers
        {lacking} and carriers.key like {ending}
    """


def _judged(catalogue: Catalogue) -> str:
    """Add to each shape its first fault and what to cut out of its lines.

    The cuts are merge patches: a key set to null is removed. ``wrong_types`` takes out
    values whose type is wrong, so that they are not judged a second time as values;
    ``not_extra`` leaves only the keys that no column holds; ``masks`` hides what must
    not be kept of a rejected line.
    """
    source_pattern = pattern(catalogue.fields["source"].type.pattern or "")
    return f"""
create or replace temp table judged_shapes as
with

first_faults as (

    select
        shape,
        min(rank) as rank,
        arg_min(code, (rank, field)) as code,
        arg_min(field, (rank, field)) as field
    from shape_faults
    group by shape

),

sent_fields as (

    select
        sent_keys.shape,
        sent_keys.key,
        sent_keys.type,
        identified_shapes.domain,
        coalesce(renamed_keys.field, sent_keys.key) as field,
        coalesce(renamed_keys.is_scaled, false) as is_scaled
    from sent_keys
    inner join identified_shapes using (shape)
    left join renamed_keys using (shape, key)

),

cuts as (

    select
        sent_fields.shape,
        sent_fields.type <> 'NULL' and if(
            sent_fields.is_scaled,
            sent_fields.type in ('BOOLEAN', 'OBJECT', 'ARRAY'),
            not list_contains(fields.json_kinds, sent_fields.type)
        ) as is_wrong_type,

        -- an identifier in other letters is no less one
        carried_keys.key is not null
        and columns.field is null
        and personal.key is null
        and refused.key is null
            as is_extra,
        masked.key is not null
        or personal.key is not null
        or (
            sent_fields.type in ('OBJECT', 'ARRAY')
            and sent_fields.key <> 'lines'
        ) as is_masked,
        personal.key is not null or refused.key is not null as is_sensitive,
        cast(to_json(sent_fields.key) as varchar) as json_key
    from sent_fields
    left join contract_fields as fields on fields.field = sent_fields.field
    left join carried_keys
        on carried_keys.shape = sent_fields.shape
        and carried_keys.key = sent_fields.key
    left join contract_columns as columns
        on columns.domain = sent_fields.domain
        and columns.field = sent_fields.key
    left join contract_personal as personal
        on personal.key = lower(trim(sent_fields.key))
    left join contract_refused as refused
        on refused.key = lower(trim(sent_fields.key))
    left join contract_masked as masked
        on masked.key = lower(trim(sent_fields.key))

),

patches as (

    select
        shape,
        bool_or(is_sensitive) as is_sensitive,
        '{{' || string_agg(json_key || ':null', ',') filter (is_wrong_type) || '}}'
            as wrong_types,
        case
            when bool_or(is_extra)
                then '{{' || coalesce(
                    string_agg(json_key || ':null', ',') filter (not is_extra), ''
                ) || '}}'
        end as not_extra,
        '{{' || string_agg(json_key || ':"***"', ',') filter (is_masked) || '}}'
            as masks
    from cuts
    group by shape

),

declared as (

    select shape
    from carried_keys
    where key = 'currency' and origin = 'declared'

)

select
    identified_shapes.shape,
    identified_shapes.event_text,
    identified_shapes.event_name,
    identified_shapes.domain,
    identified_shapes.event_group,
    identified_shapes.source,
    case
        when declared.shape is not null then identified_shapes.declared_currency
    end as used_currency,
    identified_shapes.declared_currency,
    identified_shapes.declared_zone,
    first_faults.rank,
    first_faults.code,
    first_faults.field,
    patches.wrong_types,
    patches.not_extra,
    patches.masks,
    '["' || identified_shapes.event_name || '",'
    || coalesce(cast(to_json(identified_shapes.source) as varchar), 'null')
        as identity_head,
    not regexp_matches(identified_shapes.source, {source_pattern})
        as is_odd_source,
    identified_shapes.kind in ({listed(UNREAD)})
    or coalesce(patches.is_sensitive, false) as is_sensitive
from identified_shapes
left join first_faults using (shape)
left join patches using (shape)
left join declared using (shape)
"""
