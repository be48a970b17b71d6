{%- set percentiles = {'p50': 0.5, 'p75': 0.75, 'p90': 0.9, 'p95': 0.95} -%}

with

payments as (

    select * from {{ ref('fct_payments') }}
    where settlement_clock_started_at is not null

),

clock as (

    select * from {{ ref('stg_clock') }}

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
        ) as age_micros

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

),

curves as (

    {{ exit_curves(
        'segmented_spells', ['segment_type', 'segment'], 'age_micros', 'exit',
        ['settled', 'other']
    ) }}

),

banded_curves as (

    {{ incidence_bands(
        'curves', ['segment_type', 'segment'], 'age_micros', ['settled', 'other'],
        ['settled']
    ) }}

),

percentiles as (

    select
        segment_type,
        segment
        {%- for name, share in percentiles.items() %},
        {{ curve_percentile('age_micros', 'cif_settled', share) }}
            as {{ name }}_micros,
        {{ curve_percentile_lower('age_micros', 'cif_settled', share) }}
            as {{ name }}_lower_micros,
        {{ curve_percentile_upper('age_micros', 'cif_settled', share) }}
            as {{ name }}_upper_micros
        {%- endfor %}

    from banded_curves
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

    from segmented_spells
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
    inner join percentiles
        on counts.segment_type = percentiles.segment_type
        and counts.segment = percentiles.segment

)

select * from settlement_times
