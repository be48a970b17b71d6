{%- set percentiles = {'p50': 0.5, 'p90': 0.9, 'p99': 0.99} -%}

with

visits as (

    select * from {{ ref('int_stage_spells') }}
    where stage not in ({{ ended_stages() }})

),

clock as (

    select * from {{ ref('stg_clock') }}

),

-- a cancellation cuts the wait short: what it would have been is not known
spells as (

    select
        visits.stage,
        case when visits.next_stage <> 'cancelled' then 'left' end as exit,
        visits.is_current,
        {{ micros_between(
            'visits.entered_at', 'coalesce(visits.left_at, clock.as_of)'
        ) }} as age_micros

    from visits
    cross join clock
    where visits.entered_at
        >= {{ hours_after('clock.as_of', '-24 * ' ~ var('rhythm_days')) }}

),

curves as (

    {{ survival_curves('spells', ['stage'], 'age_micros', 'exit', 'left') }}

),

percentiles as (

    select
        stage
        {%- for name, share in percentiles.items() %},
        {{ curve_percentile('age_micros', 'survival', share) }} as {{ name }}_micros
        {%- endfor %}

    from curves
    group by stage

),

counts as (

    select
        stage,
        count(*) as spells,
        count(*) filter (where exit = 'left') as completed,
        count(*) filter (where exit is null and not is_current) as cancelled,
        count(*) filter (where is_current) as open,
        {{ quantile_cont('age_micros', 0.9) }} filter (where exit = 'left')
            as completed_p90_micros

    from spells
    group by stage

),

rhythms as (

    select
        counts.stage,
        counts.spells,
        counts.completed,
        counts.cancelled,
        counts.open,
        counts.spells >= {{ var('rhythm_from') }} as has_rhythm
        {%- for name in percentiles %},
        case when counts.spells >= {{ var('rhythm_from') }}
            then percentiles.{{ name }}_micros / 3600000000.0
        end as {{ name }}_hours
        {%- endfor %},
        counts.completed_p90_micros / 3600000000.0 as naive_p90_hours

    from counts
    inner join percentiles
        on counts.stage = percentiles.stage

)

select * from rhythms
