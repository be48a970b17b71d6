{#
    The facts of one domain: copies united, order and customer filled in, tests left
    out. Retracted facts and facts still ahead of the clock stay, marked by is_retracted
    and by their time; the views over these tables leave them out.
#}
{% macro event_facts(domain) -%}
    {%- set lineage = [
        'landing_seq', 'landing_id', 'landed_file', 'line_number', 'content_hash',
    ] -%}
    {%- set filled_in = [
        'event_id', 'fact_key', 'order_id', 'customer_id', 'ingested_at',
        'first_landed_at', 'is_test', 'is_synthetic',
    ] -%}
    {%- set landed = landed_columns(domain) -%}
    {%- set said = landed | reject('in', lineage + filled_in) | list -%}
    {%- set kept = ['fact_id', 'event_id', 'fact_key'] + said
        + ['is_retracted', 'ingested_at', 'first_landed_at'] -%}
    with

    standing_copies as (

        select *
        from {{ ref('int_event_copies') }}
        where fact_id is not null
            and domain = '{{ domain }}s'
            and {{ is_changed('fact_id') }}

    ),

    copies as (

        select
            events.*,
            standing_copies.fact_id,
            standing_copies.copy_rank,
            standing_copies.copy_count,
            standing_copies.is_retracted

        from {{ ref('stg_' ~ domain ~ '_events') }} as events
        inner join standing_copies
            on events.content_hash = standing_copies.content_hash

    ),

    told_once as (

        select
            fact_id,
            event_id,
            fact_key,
            order_id,
            customer_id,
            {% for column in said %}
            {{ column }},
            {% endfor %}
            is_test or is_synthetic as is_test,
            is_retracted,
            ingested_at,
            first_landed_at

        from copies
        where copy_count = 1

    ),

    told_often as (

        select
            fact_id,
            {% for column in ['event_id', 'fact_key', 'order_id', 'customer_id'] + said %}
            {{ min_by(column, 'copy_rank') }}
                filter (where {{ column }} is not null) as {{ column }},
            {% endfor %}
            bool_or(is_test or is_synthetic) as is_test,
            bool_or(is_retracted) as is_retracted,
            min(ingested_at) as ingested_at,
            min(first_landed_at) as first_landed_at

        from copies
        where copy_count > 1
        group by fact_id

    ),

    facts as (

        select * from told_once
        union all
        select * from told_often

    ),

    links as (

        select * from {{ ref('int_order_links') }}

    ),

    facts_with_order as (

        select
            {% for column in kept %}
            facts.{{ column }},
            {% endfor %}
            facts.is_test,
            facts.customer_id as own_customer_id,
            coalesce(
                facts.order_id
                {% for thing in things_of(landed) %}
                , {{ thing }}s.order_id
                {% endfor %}
            ) as order_id,
            coalesce(
                cast(null as varchar)
                {% for thing in things_of(landed) %}
                , {{ thing }}s.customer_id
                {% endfor %}
            ) as linked_customer_id

        from facts
        {% for thing in things_of(landed) %}
        left join links as {{ thing }}s
            on '{{ thing }}:' || facts.{{ thing }}_id = {{ thing }}s.link_key
        {% endfor %}

    ),

    facts_with_story as (

        select
            {% for column in kept %}
            facts.{{ column }},
            {% endfor %}
            facts.order_id,
            coalesce(
                facts.own_customer_id, orders.customer_id, facts.linked_customer_id
            ) as customer_id,

            -- one order and all that hangs on it; else the thing itself
            coalesce(
                facts.order_id
                {% for thing in things_of(landed) %}
                , '{{ thing }}:' || facts.{{ thing }}_id
                {% endfor %}
                , facts.fact_id
            ) as story_id,
            contract_events.event_rank

        from facts_with_order as facts
        left join links as orders
            on 'order:' || facts.order_id = orders.link_key
        left join {{ ref('stg_contract_events') }} as contract_events
            on facts.event_name = contract_events.event_name
        where not facts.is_test
            and not coalesce(orders.is_test_order, false)

    )

    select * from facts_with_story
{%- endmacro %}

{# The things, besides orders, that an event of these columns may hang on. #}
{% macro things_of(landed) -%}
    {%- set things = [] -%}
    {%- for thing in ['payment', 'shipment', 'refund', 'return_line', 'claim', 'ticket']
        if thing ~ '_id' in landed -%}
        {%- do things.append(thing) -%}
    {%- endfor -%}
    {{ return(things) }}
{%- endmacro %}

{# The filter that keeps a facts table's input to what this build must write anew. #}
{% macro is_changed(column) -%}
    {%- set changed = ref('int_changed_facts') -%}
    {%- if is_incremental() -%}
        {{ column }} in (select changed.fact_id from {{ changed }} as changed)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
