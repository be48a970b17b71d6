{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- What each event of a refund changes: what is acknowledged as owed to the customer,
-- and what has been paid of it.
with

refund_events as (

    select * from {{ ref('int_payment_events') }}
    where {{ is_affected('story_id') }}
        and event_name in ('refund_initiated', 'refund_completed', 'refund_failed')

),

refunds as (

    select * from {{ ref('int_refunds') }}
    where {{ is_affected('story_id') }}

),

amounts as (

    select
        refund_id,
        min(amount_minor) filter (where event_name = 'refund_initiated')
            as ordered_minor,
        {{ max_by(
            'amount_minor',
            "(occurred_at || lpad(cast(event_rank as varchar), 5, '0') || event_id)"
        ) }} filter (where event_name = 'refund_completed') as completed_minor

    from refund_events
    group by refund_id

),

-- a completion says what the refund came to; one that failed is unpaid again, but owed
states as (

    select
        refund_events.event_id,
        refund_events.refund_id,
        refund_events.event_name,
        refund_events.event_rank,
        refund_events.occurred_at as booked_at,
        case
            when count(*) filter (
                where refund_events.event_name = 'refund_completed'
            ) over so_far > 0
                then amounts.completed_minor
            when count(*) filter (
                where refund_events.event_name = 'refund_initiated'
            ) over so_far > 0
                then amounts.ordered_minor
            else 0
        end as owed_minor,

        case refund_events.event_name
            when 'refund_completed' then amounts.completed_minor
            when 'refund_failed' then 0
        end as paid_minor

    from refund_events
    inner join amounts
        on refund_events.refund_id = amounts.refund_id
    window so_far as (
        partition by refund_events.refund_id
        order by
            refund_events.occurred_at, refund_events.event_rank, refund_events.event_id
        rows between unbounded preceding and current row
    )

),

changes as (

    select
        *,
        owed_minor - lag(owed_minor, 1, 0) over (
            partition by refund_id order by booked_at, event_rank, event_id
        ) as owed_change_minor,
        case
            when paid_minor is null then 0
            else paid_minor - lag(paid_minor, 1, 0) over (
                partition by refund_id, paid_minor is null
                order by booked_at, event_rank, event_id
            )
        end as paid_change_minor

    from states

),

ledger_refunds as (

    select
        changes.event_id,
        refunds.story_id,
        refunds.order_id,
        changes.refund_id,
        refunds.payment_id,
        refunds.destination,
        refunds.currency,
        changes.event_rank,
        changes.owed_change_minor as owed_minor,
        changes.paid_change_minor as paid_minor,
        changes.booked_at

    from changes
    inner join refunds
        on changes.refund_id = refunds.refund_id
    where changes.owed_change_minor <> 0
        or changes.paid_change_minor <> 0

)

select * from ledger_refunds
