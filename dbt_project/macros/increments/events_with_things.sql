{# One domain's events, narrow, with the ids of the things exceptions are about. #}
{% macro events_with_things(domain) -%}
    {%- set landed = landed_columns(domain) -%}
    select
        fact_id,
        story_id,
        order_id,
        event_name,
        event_rank,
        {% for column in things_exceptions_are_about() if column != 'order_id' %}
        {{ column if column in landed else 'cast(null as varchar)' }} as {{ column }},
        {% endfor %}
        occurred_at

    from {{ ref('int_' ~ domain ~ '_events') }}
{%- endmacro %}

{# What a row says in the field that is named in another column. #}
{% macro thing_of(relation, field) -%}
    case {{ field }}
        {% for column in things_exceptions_are_about() %}
        when '{{ column }}' then {{ relation }}.{{ column }}
        {% endfor %}
    end
{%- endmacro %}

{% macro things_exceptions_are_about() -%}
{{ return([
    'order_id',
    'order_line_id',
    'payment_id',
    'shipment_id',
    'fulfillment_order_id',
    'block_id',
    'fraud_review_id',
    'refund_id',
    'dispute_id',
    'return_line_id',
    'claim_id',
]) }}
{%- endmacro %}
