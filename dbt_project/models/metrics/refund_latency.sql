{%- set percentiles = {'p50': 0.5, 'p90': 0.9} -%}

with

debts as (

    select * from {{ ref('int_refund_debts') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

-- where only the end is known, the two clocks in between cannot be told
clocked_debts as (

    select
        'merchant' as clock,
        cause,
        due_at as started_at,
        initiated_at as ended_at
    from debts
    where due_at is not null
        and (initiated_at is not null or completed_at is null)

    union all

    select
        'bank' as clock,
        cause,
        initiated_at as started_at,
        completed_at as ended_at
    from debts
    where initiated_at is not null

    union all

    select
        'total' as clock,
        cause,
        due_at as started_at,
        completed_at as ended_at
    from debts
    where due_at is not null

),

-- what was ordered before it was owed took no time
spells as (

    select
        {{ week_of(store_date('clocked_debts.started_at')) }} as week,
        clocked_debts.cause,
        clocked_debts.clock,
        case when clocked_debts.ended_at is not null then 'ended' end as exit,
        greatest(
            {{ micros_between(
                'clocked_debts.started_at',
                'coalesce(clocked_debts.ended_at, clock.as_of)'
            ) }}, 0
        ) as age_micros,
        {{ store_date('clocked_debts.started_at') }} < {{ store_date('clock.as_of') }}
            as is_day_over,
        {{ hours_after('clocked_debts.started_at', 48) }} <= clock.as_of
            as is_48h_over,
        coalesce(
            {{ store_date('clocked_debts.ended_at') }}
            = {{ store_date('clocked_debts.started_at') }}, false
        ) as is_same_day,
        coalesce(
            clocked_debts.ended_at
            <= {{ hours_after('clocked_debts.started_at', 48) }}, false
        ) as is_within_48h

    from clocked_debts
    cross join clock

),

curves as (

    {{ survival_curves(
        'spells', ['week', 'cause', 'clock'], 'age_micros', 'exit', 'ended'
    ) }}

),

percentiles as (

    select
        week,
        cause,
        clock
        {%- for name, share in percentiles.items() %},
        {{ curve_percentile('age_micros', 'survival', share) }} / 3600000000.0
            as {{ name }}_hours
        {%- endfor %}

    from curves
    group by week, cause, clock

),

counts as (

    select
        week,
        cause,
        clock,
        count(*) as refunds,
        count(*) filter (where exit is null) as open,
        count(*) filter (where is_day_over) as same_day_eligible,
        count(*) filter (where is_day_over and is_same_day) as same_day,
        count(*) filter (where is_48h_over) as within_48h_eligible,
        count(*) filter (where is_48h_over and is_within_48h) as within_48h
        {%- for name, share in percentiles.items() %},
        {{ quantile_cont('age_micros', share) }}
            filter (where exit is not null) / 3600000000.0 as naive_{{ name }}_hours
        {%- endfor %}

    from spells
    group by week, cause, clock

),

latencies as (

    select
        counts.cause,
        counts.clock,
        counts.refunds,
        counts.open,
        percentiles.p50_hours,
        percentiles.p90_hours,
        counts.naive_p50_hours,
        counts.naive_p90_hours,
        counts.same_day_eligible,
        counts.same_day,
        cast(counts.same_day as double) / nullif(counts.same_day_eligible, 0)
            as same_day_share,
        counts.within_48h_eligible,
        counts.within_48h,
        cast(counts.within_48h as double) / nullif(counts.within_48h_eligible, 0)
            as within_48h_share,
        counts.refunds >= {{ var('rankable_from') }} as is_rankable,
        counts.week

    from counts
    inner join percentiles
        on counts.week = percentiles.week
        and counts.cause = percentiles.cause
        and counts.clock = percentiles.clock

)

select * from latencies
