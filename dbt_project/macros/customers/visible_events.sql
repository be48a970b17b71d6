{#
    What customers could see happen to their orders: the events the catalogue marks so,
    less promises nobody was shown and statuses nobody was told, which break no silence.

    orders, payments, returns  relations: events of these domains that name an order
    contract                   relation: what the catalogue says of each event

    Columns: order_id, occurred_at.
#}
{% macro visible_events(orders, payments, returns, contract) -%}
    select
        {{ orders }}.order_id,
        {{ orders }}.occurred_at

    from {{ orders }}
    inner join {{ contract }}
        on {{ orders }}.event_name = {{ contract }}.event_name
    where {{ contract }}.is_customer_visible
        and coalesce({{ orders }}.is_shown_to_customer, true)
        and not (
            {{ orders }}.event_name = 'order_status_changed'
            and not coalesce({{ orders }}.is_customer_notified, false)
        )
    {% for events in [payments, returns] %}

    union all

    select
        {{ events }}.order_id,
        {{ events }}.occurred_at

    from {{ events }}
    inner join {{ contract }}
        on {{ events }}.event_name = {{ contract }}.event_name
    where {{ contract }}.is_customer_visible
    {% endfor %}
{%- endmacro %}
