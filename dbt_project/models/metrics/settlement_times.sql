{%- set percentiles = {'p50': 0.5, 'p75': 0.75, 'p90': 0.9, 'p95': 0.95} -%}

with

spells as (

    select * from {{ ref('int_settlement_spells') }}

),

curves as (

    select * from {{ ref('int_settlement_curves') }}

),

percentiles as (

    select
        segment_type,
        segment
        {%- for name, share in percentiles.items() %},
        {{ curve_percentile('age_micros', 'survival', share) }} as {{ name }}_micros,
        {{ curve_percentile('age_micros', 'lower', share) }}
            as {{ name }}_lower_micros,
        {{ curve_percentile('age_micros', 'upper', share) }}
            as {{ name }}_upper_micros
        {%- endfor %}

    from curves
    group by segment_type, segment

),

counts as (

    select
        segment_type,
        segment,
        count(*) as payments,
        count(*) filter (where exit = 'settled') as settled,
        count(*) filter (where exit is null) as open,
        count(*) filter (where exit = 'other') as competing,
        cast(sum(age_micros) filter (where exit = 'settled') as double)
            as settled_micros,
        {{ quantile_cont('age_micros', 0.9) }} filter (where exit = 'settled')
            as settled_p90_micros,
        count(*) filter (where is_due) as due,
        count(*) filter (where is_due and is_settlement_late) as late,
        count(*) filter (where is_due and is_settlement_timed_out) as timed_out

    from spells
    group by segment_type, segment

),

settlement_times as (

    select
        counts.segment_type,
        counts.segment,
        counts.payments,
        counts.settled,
        counts.open,
        counts.competing,
        counts.due,
        counts.late,
        counts.timed_out,
        {% for name in percentiles %}
        percentiles.{{ name }}_micros / 3600000000.0 as {{ name }}_hours,
        percentiles.{{ name }}_lower_micros / 3600000000.0 as {{ name }}_lower_hours,
        percentiles.{{ name }}_upper_micros / 3600000000.0 as {{ name }}_upper_hours,
        {% endfor %}
        counts.settled_micros / nullif(counts.settled, 0) / 3600000000.0
            as naive_mean_hours,
        counts.settled_p90_micros / 3600000000.0 as naive_p90_hours,
        cast(counts.late as double) / nullif(counts.due, 0) as delay_rate,
        cast(counts.timed_out as double) / nullif(counts.due, 0) as timeout_rate,
        counts.payments >= {{ var('rankable_from') }} as is_rankable

    from counts
    left join percentiles
        on counts.segment_type = percentiles.segment_type
        and counts.segment = percentiles.segment

)

select * from settlement_times
