with

claims as (

    select * from {{ ref('pending_money') }}

),

attempts as (

    select
        *,
        {{ store_date('attempted_at') }} as date

    from {{ ref('fct_payment_attempts') }}

),

debts as (

    select * from {{ ref('int_refund_debts') }}

),

clock as (

    select
        as_of,
        {{ store_date('as_of') }} as date

    from {{ ref('stg_clock') }}

),

-- recovery is judged once its time is over, for those recovered in time as well
first_failures as (

    select
        attempts.date,
        attempts.order_id,
        {{ hours_after('attempts.answered_at', var('retry_recovery_hours')) }}
        <= clock.as_of as is_over,
        coalesce(
            attempts.recovered_at
            <= {{ hours_after('attempts.answered_at', var('retry_recovery_hours')) }},
            false
        ) as is_recovered

    from attempts
    cross join clock
    where not attempts.is_retry
        and attempts.outcome = 'failed'

),

-- a debt is judged by the customer's clock: from due to arrived
debts_judged as (

    select
        {{ store_date('debts.due_at') }} as date,
        debts.order_id,
        {{ hours_after('debts.due_at', 48) }} <= clock.as_of as is_over,
        coalesce(
            debts.completed_at <= {{ hours_after('debts.due_at', 48) }}, false
        ) as is_in_time

    from debts
    cross join clock
    where debts.due_at <= clock.as_of

),

figures as (

    select
        'pending_money' as metric,
        clock.date,
        claims.order_id,
        case when claims.claim_id is null then 0 else 1 end as numerator,
        null as denominator,
        null as population
    from clock
    left join claims on true

    union all

    select
        'attempt_success_rate' as metric,
        date,
        order_id,
        case when outcome = 'authorized' then 1 else 0 end as numerator,
        1 as denominator,
        1 as population
    from attempts

    union all

    select
        'retry_recovery_rate' as metric,
        date,
        order_id,
        case when is_over and is_recovered then 1 else 0 end as numerator,
        case when is_over then 1 else 0 end as denominator,
        1 as population
    from first_failures

    union all

    select
        'refund_within_48h_share' as metric,
        date,
        order_id,
        case when is_over and is_in_time then 1 else 0 end as numerator,
        case when is_over then 1 else 0 end as denominator,
        1 as population
    from debts_judged

)

select * from figures
