{{
    config(
        materialized='incremental',
        incremental_strategy='rewritten_rows',
        unique_key='link_key',
    )
}}

-- Which order, and whose, a payment, parcel, refund, return line, claim or ticket
-- belongs to, as the events that name both say; and which orders are tests.
with

clock as (

    select * from {{ ref('stg_clock') }}

),

copies_left_out as (

    select content_hash
    from {{ ref('int_event_copies') }}
    where is_conflict or is_retracted

),

named_events as (

    {{ linking_columns('order') }}
    union all
    {{ linking_columns('payment') }}
    union all
    {{ linking_columns('return') }}

),

standing_events as (

    select *
    from named_events
    where content_hash not in (select content_hash from copies_left_out)

),

things_named as (

    {% for thing, column in {
        'payment': 'payment_id', 'shipment': 'shipment_id', 'refund': 'refund_id',
        'return_line': 'return_line_id', 'claim': 'claim_id', 'ticket': 'ticket_id',
    }.items() %}
    select
        '{{ thing }}:' || {{ column }} as link_key,
        order_id,
        customer_id,
        occurred_at,
        fact_key

    from standing_events
    where {{ column }} is not null
        and (order_id is not null or customer_id is not null)
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

things_linked as (

    -- the first to name an order is believed; time and key make it one answer
    select
        link_key,
        {{ min_by('order_id', 'occurred_at || fact_key') }}
            filter (where order_id is not null) as order_id,
        {{ min_by('customer_id', 'occurred_at || fact_key') }}
            filter (where customer_id is not null) as customer_id,
        false as is_test_order,

        -- sources that disagree on whose a thing is tie the orders they name together
        coalesce(min(order_id) <> max(order_id), false) as is_shared

    from things_named
    group by link_key

),

orders_named as (

    select
        standing_events.*,
        coalesce(
            standing_events.order_id,
            payments.order_id,
            shipments.order_id,
            refunds.order_id,
            return_lines.order_id,
            claims.order_id,
            tickets.order_id
        ) as linked_order_id

    from standing_events
    left join things_linked as payments
        on 'payment:' || standing_events.payment_id = payments.link_key
        and standing_events.order_id is null
    left join things_linked as shipments
        on 'shipment:' || standing_events.shipment_id = shipments.link_key
        and standing_events.order_id is null
    left join things_linked as refunds
        on 'refund:' || standing_events.refund_id = refunds.link_key
        and standing_events.order_id is null
    left join things_linked as return_lines
        on 'return_line:' || standing_events.return_line_id = return_lines.link_key
        and standing_events.order_id is null
    left join things_linked as claims
        on 'claim:' || standing_events.claim_id = claims.link_key
        and standing_events.order_id is null
    left join things_linked as tickets
        on 'ticket:' || standing_events.ticket_id = tickets.link_key
        and standing_events.order_id is null
    where standing_events.is_test
        or standing_events.is_synthetic
        or standing_events.event_name = 'order_placed'

),

orders_linked as (

    select
        'order:' || linked_order_id as link_key,
        linked_order_id as order_id,

        -- an order with neither a customer nor the flag is a guest's
        max(
            case
                when event_name = 'order_placed'
                    then case
                        when customer_id is null or coalesce(is_guest, false)
                            then 'guest:' || linked_order_id
                        else customer_id
                    end
            end
        ) as customer_id,
        bool_or(is_test or is_synthetic) as is_test_order,
        false as is_shared

    from orders_named
    where linked_order_id is not null
    group by linked_order_id

),

links as (

    select * from things_linked
    union all
    select * from orders_linked

),

earlier_links as (

    {{ earlier_rows(
        ['link_key', 'order_id', 'customer_id', 'is_test_order', 'is_shared']
    ) }}

),

-- only what differs is rewritten, and a link that no event states any more is emptied
changed_links as (

    select
        coalesce(links.link_key, earlier_links.link_key) as link_key,
        links.order_id,
        links.customer_id,
        coalesce(links.is_test_order, false) as is_test_order,
        coalesce(links.is_shared, false) as is_shared,
        clock.previous_landing_seq as resolved_after_seq

    from links
    full outer join earlier_links
        on links.link_key = earlier_links.link_key
    cross join clock
    where earlier_links.link_key is null
        or links.order_id is distinct from earlier_links.order_id
        or links.customer_id is distinct from earlier_links.customer_id
        or coalesce(links.is_test_order, false)
            is distinct from cast(earlier_links.is_test_order as boolean)
        or coalesce(links.is_shared, false)
            is distinct from cast(earlier_links.is_shared as boolean)

)

select * from changed_links
