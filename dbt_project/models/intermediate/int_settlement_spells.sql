-- The road from capture, or delivery for cash, to settlement, once for each segment it
-- is counted in.
with

payments as (

    select * from {{ ref('fct_payments') }}
    where settlement_clock_started_at is not null

),

clock as (

    select
        as_of,
        {{ store_midnight("'" ~ var('history_starts_on') ~ "'") }} as watched_from

    from {{ ref('stg_clock') }}

),

-- a settlement reported before its capture took no time; clocks differ
spells as (

    select
        payments.payment_id,
        payments.method,
        payments.gateway,
        payments.is_settlement_late,
        payments.is_settlement_timed_out,
        payments.settlement_due_at < clock.as_of as is_due,
        {{ store_date('payments.settlement_clock_started_at') }} as captured_date,
        case
            when payments.exit = 'settled' then 'settled'
            when payments.exit <> 'open' then 'other'
        end as exit,
        greatest(
            {{ micros_between(
                'payments.settlement_clock_started_at',
                'coalesce(payments.exit_at, clock.as_of)'
            ) }}, 0
        ) as age_micros,
        case
            when payments.settlement_clock_started_at < clock.watched_from
                then {{ micros_between(
                    'payments.settlement_clock_started_at', 'clock.watched_from'
                ) }}
        end as entry_micros

    from payments
    cross join clock

),

segmented_spells as (

    select
        'all' as segment_type,
        'all' as segment,
        spells.*
    from spells

    union all

    select
        'method' as segment_type,
        method as segment,
        spells.*
    from spells

    union all

    select
        'gateway' as segment_type,
        gateway as segment,
        spells.*
    from spells

    union all

    select
        'capture_week' as segment_type,
        cast({{ week_of('captured_date') }} as varchar) as segment,
        spells.*
    from spells

)

select * from segmented_spells
