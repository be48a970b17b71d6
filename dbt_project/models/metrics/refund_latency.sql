{%- set percentiles = {'p50': 0.5, 'p90': 0.9} -%}

with

refund_clocks as (

    select * from {{ ref('refund_clocks') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

-- what was ordered before it was owed took no time
spells as (

    select
        refund_clocks.week,
        refund_clocks.cause,
        refund_clocks.clock,
        case when refund_clocks.ended_at is not null then 'ended' end as exit,
        greatest(
            {{ micros_between(
                'refund_clocks.started_at',
                'coalesce(refund_clocks.ended_at, clock.as_of)'
            ) }}, 0
        ) as age_micros,
        {{ store_date('refund_clocks.started_at') }} < {{ store_date('clock.as_of') }}
            as is_day_over,
        {{ hours_after('refund_clocks.started_at', 48) }} <= clock.as_of
            as is_48h_over,
        coalesce(
            {{ store_date('refund_clocks.ended_at') }}
            = {{ store_date('refund_clocks.started_at') }}, false
        ) as is_same_day,
        coalesce(
            refund_clocks.ended_at
            <= {{ hours_after('refund_clocks.started_at', 48) }}, false
        ) as is_within_48h

    from refund_clocks
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
