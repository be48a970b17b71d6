with

attempts as (

    select
        *,
        {{ store_date('attempted_at') }} as date

    from {{ ref('fct_payment_attempts') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

-- ever approved or taken, by whatever payment; cash at the door is another road
successes as (

    select distinct order_id

    from {{ ref('fct_payments') }}
    where payment_id not like 'cod:%'
        and (authorized_at is not null or captured_at is not null)

),

order_attempts as (

    select
        order_id,
        count(*) as attempts

    from attempts
    group by order_id

),

-- recovery is judged once its time is over, for those recovered in time as well
orders as (

    select
        attempts.date,
        attempts.method,
        attempts.gateway,
        attempts.outcome,
        order_attempts.attempts > 1 as is_retried,
        successes.order_id is not null as is_successful,
        attempts.outcome = 'failed'
            and {{ hours_after('attempts.answered_at', var('retry_recovery_hours')) }}
            <= clock.as_of as is_eligible,
        coalesce(
            attempts.recovered_at
            <= {{ hours_after('attempts.answered_at', var('retry_recovery_hours')) }},
            false
        ) as is_recovered

    from attempts
    inner join order_attempts
        on attempts.order_id = order_attempts.order_id
    left join successes
        on attempts.order_id = successes.order_id
    cross join clock
    where not attempts.is_retry

),

attempt_counts as (

    select
        date,
        method,
        gateway,
        count(*) as attempts,
        count(*) filter (where outcome = 'authorized') as authorized,
        count(*) filter (where outcome = 'pending') as pending

    from attempts
    group by date, method, gateway

),

order_counts as (

    select
        date,
        method,
        gateway,
        count(*) as orders,
        count(*) filter (where outcome = 'authorized') as first_attempt_authorized,
        count(*) filter (where is_successful) as succeeded_orders,
        count(*) filter (where is_retried) as retried_orders,
        count(*) filter (where outcome = 'failed') as failed_orders,
        count(*) filter (where is_eligible) as retry_eligible_orders,
        count(*) filter (where is_eligible and is_recovered) as recovered_orders

    from orders
    group by date, method, gateway

),

payment_success as (

    select
        attempt_counts.method,
        attempt_counts.gateway,
        attempt_counts.attempts,
        attempt_counts.authorized,
        attempt_counts.pending,
        coalesce(order_counts.orders, 0) as orders,
        coalesce(order_counts.first_attempt_authorized, 0) as first_attempt_authorized,
        coalesce(order_counts.succeeded_orders, 0) as succeeded_orders,
        coalesce(order_counts.retried_orders, 0) as retried_orders,
        coalesce(order_counts.failed_orders, 0) as failed_orders,
        coalesce(order_counts.retry_eligible_orders, 0) as retry_eligible_orders,
        coalesce(order_counts.recovered_orders, 0) as recovered_orders,
        cast(attempt_counts.authorized as double) / attempt_counts.attempts
            as attempt_success_rate,
        1 - cast(attempt_counts.pending as double) / attempt_counts.attempts
            as attempt_coverage,
        cast(order_counts.first_attempt_authorized as double)
        / order_counts.orders as first_attempt_success_rate,
        cast(order_counts.succeeded_orders as double) / order_counts.orders
            as order_success_rate,
        cast(order_counts.recovered_orders as double)
        / nullif(order_counts.retry_eligible_orders, 0) as retry_recovery_rate,
        cast(order_counts.retry_eligible_orders as double)
        / nullif(order_counts.failed_orders, 0) as retry_coverage,
        attempt_counts.attempts >= {{ var('rankable_from') }} as is_rankable,
        coalesce(
            order_counts.retry_eligible_orders = order_counts.failed_orders, true
        ) as is_mature,
        attempt_counts.date

    from attempt_counts
    left join order_counts
        on attempt_counts.date = order_counts.date
        and attempt_counts.method = order_counts.method
        and attempt_counts.gateway = order_counts.gateway

)

select * from payment_success
