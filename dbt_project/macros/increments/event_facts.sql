{#
    The facts of one domain: copies united, order and customer filled in, tests left
    out. Retracted facts and facts still ahead of the clock stay, marked by is_retracted
    and by their time; the views over these tables leave them out.

    Links are settled on the few columns that name things; the full width is read once.
#}
{% macro event_facts(domain) -%}
    {%- set landed = landed_columns(domain) -%}
    {%- set things = things_of(landed) -%}
    {%- set linking = ['event_name', 'order_id', 'customer_id'] -%}
    {%- set said = landed | reject('in', [
        'landing_seq', 'landing_id', 'landed_file', 'line_number', 'content_hash',
        'event_id', 'fact_key', 'order_id', 'customer_id', 'ingested_at',
        'first_landed_at', 'is_test', 'is_synthetic',
    ]) | list -%}
    {%- for thing in things -%} {%- do linking.append(thing ~ '_id') -%} {%- endfor -%}
    with

    standing_copies as (

        select * from {{ ref('int_changed_copies') }}
        where domain = '{{ domain }}s'

    ),

    events as (

        select * from {{ ref('stg_' ~ domain ~ '_events') }}
        {%- if is_incremental() %}
        where content_hash in (
            select copies.content_hash from {{ ref('int_changed_copies') }} as copies
        )
        {%- endif %}

    ),

    links as (

        select * from {{ ref('int_order_links') }}

    ),

    facts_naming_once as (

        select
            standing_copies.fact_id,
            {% for column in linking %}
            events.{{ column }},
            {% endfor %}
            events.is_test or events.is_synthetic as is_test

        from events
        inner join standing_copies
            on events.content_hash = standing_copies.content_hash
        where standing_copies.copy_count = 1

    ),

    facts_naming_often as (

        select
            standing_copies.fact_id,
            {% for column in linking %}
            {{ min_by('events.' ~ column, 'standing_copies.copy_rank') }}
                filter (where events.{{ column }} is not null) as {{ column }},
            {% endfor %}
            bool_or(events.is_test or events.is_synthetic) as is_test

        from events
        inner join standing_copies
            on events.content_hash = standing_copies.content_hash
        where standing_copies.copy_count > 1
        group by standing_copies.fact_id

    ),

    facts as (

        select * from facts_naming_once
        union all
        select * from facts_naming_often

    ),

    facts_with_order as (

        select
            facts.*,
            coalesce(
                facts.order_id
                {% for thing in things %}
                , {{ thing }}s.order_id
                {% endfor %}
            ) as linked_order_id,
            coalesce(
                cast(null as varchar)
                {% for thing in things %}
                , {{ thing }}s.customer_id
                {% endfor %}
            ) as linked_customer_id

        from facts
        {% for thing in things %}
        left join links as {{ thing }}s
            on '{{ thing }}:' || facts.{{ thing }}_id = {{ thing }}s.link_key
        {% endfor %}

    ),

    stories as (

        select
            facts.fact_id,
            facts.linked_order_id as order_id,
            coalesce(
                facts.customer_id, orders.customer_id, facts.linked_customer_id
            ) as customer_id,

            -- one order and all that hangs on it; else the thing itself
            coalesce(
                facts.linked_order_id
                {% for thing in things %}
                , '{{ thing }}:' || facts.{{ thing }}_id
                {% endfor %}
                , facts.fact_id
            ) as story_id,
            contract_events.event_rank

        from facts_with_order as facts
        left join links as orders
            on 'order:' || facts.linked_order_id = orders.link_key
        left join {{ ref('stg_contract_events') }} as contract_events
            on facts.event_name = contract_events.event_name
        where not facts.is_test
            and not coalesce(orders.is_test_order, false)

    ),

    storied_copies as (

        select
            standing_copies.content_hash,
            standing_copies.copy_rank,
            standing_copies.copy_count,
            standing_copies.is_retracted,
            stories.*

        from standing_copies
        inner join stories
            on standing_copies.fact_id = stories.fact_id

    ),

    told_once as (

        select
            copies.fact_id,
            events.event_id,
            events.fact_key,
            {% for column in said %}
            events.{{ column }},
            {% endfor %}
            copies.is_retracted,
            events.ingested_at,
            events.first_landed_at,
            copies.order_id,
            copies.customer_id,
            copies.story_id,
            copies.event_rank

        from events
        inner join storied_copies as copies
            on events.content_hash = copies.content_hash
        where copies.copy_count = 1

    ),

    told_often as (

        select
            copies.fact_id,
            {% for column in ['event_id', 'fact_key'] + said %}
            {{ min_by('events.' ~ column, 'copies.copy_rank') }}
                filter (where events.{{ column }} is not null) as {{ column }},
            {% endfor %}
            bool_or(copies.is_retracted) as is_retracted,
            min(events.ingested_at) as ingested_at,
            min(events.first_landed_at) as first_landed_at,
            min(copies.order_id) as order_id,
            min(copies.customer_id) as customer_id,
            min(copies.story_id) as story_id,
            min(copies.event_rank) as event_rank

        from events
        inner join storied_copies as copies
            on events.content_hash = copies.content_hash
        where copies.copy_count > 1
        group by copies.fact_id

    ),

    united as (

        select * from told_once
        union all
        select * from told_often

    )

    -- rows written together stand together: what reads them finds them by this number
    select
        united.*,
        clock.previous_landing_seq as resolved_after_seq

    from united
    cross join {{ ref('stg_clock') }} as clock
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
