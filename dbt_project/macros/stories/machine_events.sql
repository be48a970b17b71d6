{#
    One domain's events of the stories this build rewrites, once for each state machine
    they concern, with the thing whose story they tell. `said` holds what a move may
    depend on, as `|field=value|...|`. A full refresh rewrites every story; a filter on
    the view that these make would first have made all of it.
#}
{% macro machine_events(domain) -%}
    {%- set landed = landed_columns(domain) -%}
    select
        events.fact_id,
        events.event_id,
        events.story_id,
        events.order_id,
        machine_events.machine,
        machine_events.id_field,
        case machine_events.id_field
            {% for field in machine_id_fields() if field in landed %}
            when '{{ field }}' then events.{{ field }}
            {% endfor %}
        end as entity_id,
        events.event_name,
        events.source,
        {{ said_for_moves('events', landed) }} as said,
        {{ 'events.quantity' if 'quantity' in landed else 'cast(null as bigint)' }}
            as quantity,
        events.event_rank,
        machine_events.initial_state,
        {{ 'events.is_partial' if 'is_partial' in landed else 'cast(null as boolean)' }}
            as is_partial,
        machine_events.can_break,
        events.occurred_at

    from {{ ref('int_' ~ domain ~ '_events') }} as events
    inner join {{ ref('stg_contract_machine_events') }} as machine_events
        on events.event_name = machine_events.event_name
    where machine_events.is_own
        and events.story_id in (
            select affected.story_id from {{ ref('int_affected_stories') }} as affected
        )
{%- endmacro %}

{# The fields that name the things machines are of. #}
{% macro machine_id_fields() -%}
    {%- if not execute -%} {{ return([]) }} {%- endif -%}
    {{ return(run_query(
        'select distinct id_field from ' ~ source('control', 'contract_machines')
        ~ ' order by id_field'
    ).columns[0].values()) }}
{%- endmacro %}

{# What an event says of the fields that moves depend on; NULL for all other events. #}
{% macro said_for_moves(relation, landed) -%}
    {%- set fields = {} -%}
    {%- if execute -%}
        {%- for row in run_query(
            "select distinct event_name, split_part(condition, '=', 1) from "
            ~ source('control', 'contract_moves')
            ~ ' where condition is not null order by 1, 2'
        ).rows if row[1] in landed -%}
            {%- do fields.setdefault(row[0], []).append(row[1]) -%}
        {%- endfor -%}
    {%- endif -%}
    case {{ relation }}.event_name
        {% for event_name, names in fields.items() %}
        when '{{ event_name }}' then '|'
            {% for name in names %}
            || '{{ name }}='
            || coalesce(cast({{ relation }}.{{ name }} as varchar), '') || '|'
            {% endfor %}
        {% endfor %}
        when '' then ''
    end
{%- endmacro %}
