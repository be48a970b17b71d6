{# One domain's events, narrow, with the ids of the things exceptions are about. #}
{% macro events_with_things(domain) -%}
    {%- set landed = landed_columns(domain) -%}
    select
        fact_id,
        story_id,
        order_id,
        event_name,
        event_rank,
        {% for column in things_exceptions_are_about().values() if column != 'order_id' %}
        {{ column if column in landed else 'cast(null as varchar)' }} as {{ column }},
        {% endfor %}
        occurred_at

    from {{ ref('int_' ~ domain ~ '_events') }}
{%- endmacro %}

{# The id, of the kind named in `same`, of the thing a row is about. #}
{% macro thing_of(relation, same) -%}
    case {{ same }}
        {% for thing, column in things_exceptions_are_about().items() %}
        when '{{ thing }}' then {{ relation }}.{{ column }}
        {% endfor %}
    end
{%- endmacro %}

{% macro things_exceptions_are_about() -%}
{{ return({
    'order': 'order_id',
    'order_line': 'order_line_id',
    'payment': 'payment_id',
    'shipment': 'shipment_id',
    'fulfillment_order': 'fulfillment_order_id',
    'block': 'block_id',
    'fraud_review': 'fraud_review_id',
    'refund': 'refund_id',
    'dispute': 'dispute_id',
    'return_line': 'return_line_id',
    'claim': 'claim_id',
}) }}
{%- endmacro %}
