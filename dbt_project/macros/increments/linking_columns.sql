{# The columns that tie an event to an order, for each domain that may have them. #}
{% macro linking_columns(domain) -%}
    {%- set wanted = [
        'order_id', 'customer_id', 'payment_id', 'shipment_id', 'refund_id',
        'return_line_id', 'claim_id', 'ticket_id',
    ] -%}
    {%- set landed = landed_columns(domain) -%}
    select
        content_hash,
        fact_key,
        event_name,
        {% for column in wanted -%}
        {{ column if column in landed else 'cast(null as varchar)' }} as {{ column }},
        {% endfor %}
        is_test,
        is_synthetic,
        {{ 'is_guest' if 'is_guest' in landed else 'cast(null as boolean)' }}
            as is_guest,
        occurred_at

    from {{ ref('stg_' ~ domain ~ '_events') }}
{%- endmacro %}

{# Copies of one domain that name any of the things in `keys`. #}
{% macro copies_hanging_on(domain, keys) -%}
    {%- set landed = landed_columns(domain) -%}
    select content_hash
    from {{ ref('stg_' ~ domain ~ '_events') }}
    where false
    {% for thing, column in {
        'order': 'order_id', 'payment': 'payment_id', 'shipment': 'shipment_id',
        'refund': 'refund_id', 'return_line': 'return_line_id', 'claim': 'claim_id',
        'ticket': 'ticket_id',
    }.items() if column in landed %}
        or '{{ thing }}:' || {{ column }} in (select link_key from {{ keys }})
    {% endfor %}
{%- endmacro %}

{# The stories in which one domain's facts name any of the things in `keys`. #}
{% macro stories_hanging_on(domain, keys) -%}
    {%- set things = things_of(landed_columns(domain)) -%}
    {% for thing in things %}
    select
        '{{ thing }}:' || {{ thing }}_id as link_key,
        story_id

    from {{ ref('int_' ~ domain ~ '_event_facts') }}
    where '{{ thing }}:' || {{ thing }}_id in (select link_key from {{ keys }})
    {{ 'union' if not loop.last }}
    {% else %}
    select
        link_key,
        link_key as story_id
    from {{ keys }}
    -- depends on {{ ref('int_' ~ domain ~ '_event_facts') }}
    where false
    {% endfor %}
{%- endmacro %}
