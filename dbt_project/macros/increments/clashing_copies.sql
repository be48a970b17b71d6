{#
    Copies that meet on `key` and contradict the first story told there, with the
    first field, by name, in which they do. Two passes: against the first copy, then
    against the union of those that agree with it, since a later copy may contradict
    what only a middle one said.
#}
{% macro clashing_copies(domain, copies, key) -%}
    {%- set fields = said_columns(domain) -%}
    with

    first_orders as (

        select
            {{ key }},
            epoch,
            min(told_order) as told_order

        from {{ copies }}
        group by {{ key }}, epoch

    ),

    told_first as (

        select copies.*
        from {{ copies }} as copies
        inner join first_orders
            on copies.told_order = first_orders.told_order
            and copies.{{ key }} = first_orders.{{ key }}

    ),

    against_the_first as (

        select
            later.*,
            {{ first_clash('told_first', 'later', fields) }} as clash_field

        from {{ copies }} as later
        inner join told_first
            on later.{{ key }} = told_first.{{ key }}
            and later.epoch = told_first.epoch

    ),

    agreeing as (

        select * from against_the_first where clash_field is null

    ),

    told_together as (

        select
            {{ key }},
            epoch
            {% for field in fields + ['occurred_at_quality'] %}
            , {{ min_by(field, 'told_order') }}
                filter (where {{ field }} is not null) as {{ field }}
            {% endfor %}

        from agreeing
        group by {{ key }}, epoch

    ),

    against_the_union as (

        select
            agreeing.content_hash,
            {{ first_clash('told_together', 'agreeing', fields) }} as clash_field

        from agreeing
        inner join told_together
            on agreeing.{{ key }} = told_together.{{ key }}
            and agreeing.epoch = told_together.epoch

    )

    select content_hash, clash_field
    from against_the_first
    where clash_field is not null

    union all

    select content_hash, clash_field
    from against_the_union
    where clash_field is not null
{%- endmacro %}

{# Name of the first field in which two rows contradict each other, else NULL. #}
{% macro first_clash(earlier, later, fields) -%}
    case
        {% for field in fields %}
        when {{ clash(earlier, later, field) }} then '{{ field }}'
        {% endfor %}
        when false then ''
    end
{%- endmacro %}

{# Whether both rows say something of a field and it differs. #}
{% macro clash(earlier, later, field) -%}
    {%- if field == 'occurred_at' -%}
        -- a second's difference is a clock's; a coarser time contradicts nothing
        abs({{ micros_between(earlier ~ '.occurred_at', later ~ '.occurred_at') }})
            > 1000000
        and {{ earlier }}.occurred_at_quality = {{ later }}.occurred_at_quality
    {%- elif field == 'lines' -%}
        {{ canonical_lines(earlier ~ '.lines') }}
            <> {{ canonical_lines(later ~ '.lines') }}
    {%- else -%}
        {{ earlier }}.{{ field }} <> {{ later }}.{{ field }}
    {%- endif -%}
{%- endmacro %}
