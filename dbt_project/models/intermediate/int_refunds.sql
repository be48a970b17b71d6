{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Refunds as they stand: the last word wins, so that one which came back is owed again.
with

refund_events as (

    select
        *,
        occurred_at || lpad(cast(event_rank as varchar), 5, '0') || event_id
            as event_order

    from {{ ref('int_payment_events') }}
    where {{ is_affected('story_id') }}
        and event_name in ('refund_initiated', 'refund_completed', 'refund_failed')

),

captures as (

    select * from {{ ref('int_payments') }}
    where {{ is_affected('story_id') }}
        and captured_at is not null

),

refund_states as (

    select
        refund_id,
        min(story_id) as story_id,
        min(order_id) as order_id,
        min(payment_id) as payment_id,
        min(return_line_id) as return_line_id,
        min(claim_id) as claim_id,
        min(shipment_id) as shipment_id,
        min(refund_cause) as cause,
        min(refund_destination) as destination,
        coalesce(
            {{ max_by('currency', 'event_order') }} filter (
                where event_name = 'refund_completed'
            ),
            {{ max_by('currency', 'event_order') }} filter (where currency is not null)
        ) as currency,
        coalesce(
            {{ max_by('amount_minor', 'event_order') }} filter (
                where event_name = 'refund_completed'
            ),
            {{ max_by('amount_minor', 'event_order') }}
                filter (where amount_minor is not null)
        ) as amount_minor,
        {{ max_by('event_name', 'event_order') }}
            filter (where event_name <> 'refund_initiated') as last_result,
        min(occurred_at) as first_seen_at,
        min(occurred_at) filter (where event_name = 'refund_initiated')
            as initiated_at,
        min(expected_at) filter (where event_name = 'refund_initiated')
            as expected_at,
        max(event_order) filter (where event_name = 'refund_failed')
            as last_failure,
        max(occurred_at) filter (where event_name = 'refund_failed')
            as last_failed_at

    from refund_events
    group by refund_id

),

completions as (

    select
        refund_events.refund_id,
        min(refund_events.occurred_at) as completed_at

    from refund_events
    inner join refund_states
        on refund_events.refund_id = refund_states.refund_id
    where refund_events.event_name = 'refund_completed'
        and refund_states.last_result = 'refund_completed'
        and (
            refund_states.last_failure is null
            or refund_events.event_order > refund_states.last_failure
        )
    group by refund_events.refund_id

),

-- a refund that names no payment goes to its order's only capture, else to the latest
-- before it
capture_candidates as (

    select
        refund_states.refund_id,
        count(*) as capture_count,
        min(captures.payment_id) as any_payment_id,
        {{ max_by(
            'captures.payment_id', 'captures.captured_at || captures.payment_id'
        ) }} filter (where captures.captured_at <= refund_states.first_seen_at)
            as latest_payment_id

    from refund_states
    inner join captures
        on refund_states.order_id = captures.order_id
    where refund_states.payment_id is null
    group by refund_states.refund_id

),

refunds as (

    select
        refund_states.refund_id,
        refund_states.story_id,
        refund_states.order_id,
        coalesce(
            refund_states.payment_id,
            case
                when capture_candidates.capture_count = 1
                    then capture_candidates.any_payment_id
                else capture_candidates.latest_payment_id
            end
        ) as payment_id,
        refund_states.return_line_id,
        refund_states.claim_id,
        refund_states.shipment_id,
        refund_states.cause,
        refund_states.destination,
        refund_states.currency,
        refund_states.amount_minor,
        refund_states.initiated_at,
        refund_states.expected_at,
        completions.completed_at,
        case
            when refund_states.last_result = 'refund_failed'
                then refund_states.last_failed_at
        end as failed_at

    from refund_states
    left join completions
        on refund_states.refund_id = completions.refund_id
    left join capture_candidates
        on refund_states.refund_id = capture_candidates.refund_id

)

select * from refunds
