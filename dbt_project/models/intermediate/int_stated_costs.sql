{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- What events themselves say that serving an order costs. Of one thing the last word
-- counts: the carrier's bill before its estimate.
with

order_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and cost_minor is not null

),

return_events as (

    select * from {{ ref('int_return_events') }}
    where {{ is_affected('story_id') }}
        and cost_minor is not null

),

statements as (

    select
        case
            when event_name in ('label_created', 'shipment_cancelled') then 'shipping'
            when event_name in ('rto_initiated', 'rto_delivered') then 'rto'
            else 'contact'
        end as service,
        coalesce(shipment_id, ticket_id) as thing_id,
        coalesce(shipment_id, ticket_id) as billed_id,
        story_id,
        order_id,
        currency,
        cost_minor,
        occurred_at,
        event_rank

    from order_events
    where event_name in (
        'label_created', 'shipment_cancelled', 'rto_initiated', 'rto_delivered',
        'support_contact_closed'
    )

    union all

    -- lines of one return may share a label
    select
        'return' as service,
        coalesce(return_id, return_line_id) as thing_id,
        coalesce(tracking_number, return_line_id) as billed_id,
        story_id,
        order_id,
        currency,
        cost_minor,
        occurred_at,
        event_rank

    from return_events
    where event_name = 'return_label_created'

),

numbered_statements as (

    select
        statements.*,
        row_number() over (
            partition by service, thing_id, billed_id
            order by
                occurred_at desc, event_rank desc, cost_minor desc, currency desc
        ) as words_since

    from statements

),

costs as (

    select
        service,
        thing_id,
        currency,
        min(story_id) as story_id,
        min(order_id) as order_id,
        cast(
            sum({{ to_amount('cost_minor', 'currency') }}) as decimal(18, 4)
        ) as amount

    from numbered_statements
    where words_since = 1
    group by service, thing_id, currency

)

select * from costs
