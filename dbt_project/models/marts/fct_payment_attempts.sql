{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

with

payment_events as (

    select
        *,
        occurred_at || lpad(cast(event_rank as varchar), 5, '0') || event_id
            as event_order

    from {{ ref('int_payment_events') }}
    where {{ is_affected('story_id') }}

),

attempt_events as (

    select * from payment_events
    where payment_id is not null
        and attempt_no is not null
        and event_name in (
            'payment_initiated', 'payment_retried', 'payment_authorized',
            'payment_authorization_failed', 'payment_authorization_delayed',
            'payment_capture_failed'
        )

),

captures as (

    select
        payment_id,
        min(story_id) as story_id,
        min(order_id) as order_id,
        {{ min_by('payment_method', 'event_order') }}
            filter (where payment_method is not null) as method,
        {{ min_by('gateway', 'event_order') }} filter (where gateway is not null)
            as gateway,
        min(occurred_at) as captured_at

    from payment_events
    where event_name = 'payment_captured'
    group by payment_id

),

-- the first answer is the attempt's: what comes later recovers it, and changes nothing
answered_attempts as (

    select
        payment_id,
        attempt_no as attempt_number,
        min(story_id) as story_id,
        min(order_id) as order_id,
        {{ min_by('payment_method', 'event_order') }}
            filter (where payment_method is not null) as method,
        {{ min_by('gateway', 'event_order') }} filter (where gateway is not null)
            as gateway,
        {{ min_by('event_name', 'event_order') }} filter (
            where event_name in ('payment_authorized', 'payment_authorization_failed')
        ) as answer,
        min(occurred_at) filter (
            where event_name in ('payment_authorized', 'payment_authorization_failed')
        ) as answered_at,
        {{ min_by('error_code', 'event_order') }}
            filter (where event_name = 'payment_authorization_failed') as error_code,
        {{ min_by('decline_type', 'event_order') }}
            filter (where event_name = 'payment_authorization_failed') as decline_type,
        bool_or(event_name = 'payment_capture_failed') as has_capture_failure,
        min(occurred_at) as attempted_at

    from attempt_events
    group by payment_id, attempt_no

),

-- a direct sale sends a capture and nothing before it
all_attempts as (

    select * from answered_attempts

    union all

    select
        captures.payment_id,
        1 as attempt_number,
        captures.story_id,
        captures.order_id,
        captures.method,
        captures.gateway,
        'payment_authorized' as answer,
        captures.captured_at as answered_at,
        cast(null as varchar) as error_code,
        cast(null as varchar) as decline_type,
        false as has_capture_failure,
        captures.captured_at as attempted_at

    from captures
    left join answered_attempts
        on captures.payment_id = answered_attempts.payment_id
    where answered_attempts.payment_id is null

),

attempts_in_payments as (

    select
        all_attempts.*,
        captures.captured_at,
        captures.method as captured_method,
        captures.gateway as captured_gateway,
        all_attempts.attempted_at <= captures.captured_at
            and row_number() over (
                partition by
                    all_attempts.payment_id,
                    all_attempts.attempted_at <= captures.captured_at
                order by
                    all_attempts.attempted_at desc, all_attempts.attempt_number desc
            ) = 1 as is_captured

    from all_attempts
    left join captures
        on all_attempts.payment_id = captures.payment_id

),

-- an attempt nobody answered was approved if its money was taken, or was to be
judged_attempts as (

    select
        payment_id,
        attempt_number,
        story_id,
        order_id,
        coalesce(method, case when is_captured then captured_method end) as method,
        coalesce(gateway, case when is_captured then captured_gateway end) as gateway,
        case
            when answer = 'payment_authorization_failed' then 'failed'
            when answer = 'payment_authorized' or is_captured or has_capture_failure
                then 'authorized'
            else 'pending'
        end as outcome,
        error_code,
        decline_type,
        attempted_at,
        coalesce(answered_at, case when is_captured then captured_at end)
            as answered_at

    from attempts_in_payments

),

order_captures as (

    select
        order_id,
        occurred_at as captured_at

    from payment_events
    where event_name = 'payment_captured'

),

recoveries as (

    select
        attempts.payment_id,
        attempts.attempt_number,
        min(order_captures.captured_at) as recovered_at

    from judged_attempts as attempts
    inner join order_captures
        on attempts.order_id = order_captures.order_id
        and attempts.answered_at <= order_captures.captured_at
    where attempts.outcome = 'failed'
    group by attempts.payment_id, attempts.attempt_number

),

-- told by the shop, which counts an order's attempts where a gateway counts a payment's
told_fallbacks as (

    select distinct
        order_id,
        attempt_no

    from payment_events
    where event_name = 'payment_fallback_used'

),

numbered_attempts as (

    select
        *,
        row_number() over in_order as order_attempt_number,
        lag(method) over in_order as previous_method

    from judged_attempts
    window in_order as (
        partition by order_id
        order by attempted_at, answered_at nulls last, payment_id, attempt_number
    )

),

attempt_facts as (

    select
        attempts.payment_id,
        attempts.story_id,
        attempts.order_id,
        coalesce(attempts.method, 'unknown') as method,
        coalesce(attempts.gateway, 'unknown') as gateway,
        attempts.outcome,
        case when attempts.outcome = 'failed' then attempts.error_code end
            as error_code,
        case when attempts.outcome = 'failed' then attempts.decline_type end
            as decline_type,
        attempts.attempt_number,
        attempts.order_attempt_number,
        attempts.order_attempt_number > 1 as is_retry,
        coalesce(
            attempts.method <> attempts.previous_method,
            attempts.order_attempt_number > 1 and told_fallbacks.order_id is not null
        ) as is_fallback,
        attempts.attempted_at,
        attempts.answered_at,
        recoveries.recovered_at

    from numbered_attempts as attempts
    left join recoveries
        on attempts.payment_id = recoveries.payment_id
        and attempts.attempt_number = recoveries.attempt_number
    left join told_fallbacks
        on attempts.order_id = told_fallbacks.order_id
        and attempts.order_attempt_number = told_fallbacks.attempt_no

)

select * from attempt_facts
