{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Returns, claims and disputes from the first word to the one that ends them, whatever
-- step in between was lost.
with

return_events as (

    select * from {{ ref('int_return_events') }}
    where {{ is_affected('story_id') }}

),

payment_events as (

    select * from {{ ref('int_payment_events') }}
    where {{ is_affected('story_id') }}

),

said as (

    select
        'return' as kind,
        return_line_id as thing_id,
        story_id,
        order_id,
        customer_id,
        event_name in (
            'return_resolved', 'return_cancelled', 'return_expired'
        ) as is_end,
        case event_name
            when 'return_denied' then 'no'
            when 'return_approved' then 'yes'
        end as decision,
        occurred_at,
        event_rank

    from return_events
    where return_line_id is not null
        and event_name like 'return_%'

    union all

    select
        'claim' as kind,
        claim_id as thing_id,
        story_id,
        order_id,
        customer_id,
        event_name in (
            'warranty_claim_resolved', 'item_not_received_resolved'
        ) as is_end,
        case event_name
            when 'warranty_claim_denied' then 'no'
            when 'warranty_claim_approved' then 'yes'
        end as decision,
        occurred_at,
        event_rank

    from return_events
    where event_name like 'warranty_claim_%'
        or event_name like 'item_not_received_%'

    union all

    select
        'dispute' as kind,
        dispute_id as thing_id,
        story_id,
        order_id,
        customer_id,
        event_name in ('dispute_won', 'dispute_lost') as is_end,
        null as decision,
        occurred_at,
        event_rank

    from payment_events
    where event_name in ('dispute_opened', 'dispute_won', 'dispute_lost')

),

-- a denial ends a thing until it is overruled
spells as (

    select
        kind,
        thing_id,
        min(story_id) as story_id,
        min(order_id) as order_id,
        min(customer_id) as customer_id,
        min(occurred_at) as opened_at,
        coalesce(
            min(occurred_at) filter (where is_end),
            case
                when {{ max_by(
                    'decision',
                    "(occurred_at || lpad(cast(event_rank as varchar), 5, '0'))"
                ) }} filter (where decision is not null) = 'no'
                    then max(occurred_at) filter (where decision = 'no')
            end
        ) as closed_at

    from said
    group by kind, thing_id

)

select * from spells
