{{ config(materialized='table') }}

-- Percentiles of the payments captured on a day. Spells as int_settlement_spells has
-- them, told apart as every daily figure is.
with

spells as (

    select * from {{ ref('int_settlement_spells') }}
    where segment_type = 'all'

),

payments as (

    select * from {{ ref('fct_payments') }}

),

order_segments as (

    select * from {{ ref('int_order_segments') }}

),

payment_spells as (

    select
        spells.captured_date as date,
        spells.exit,
        spells.age_micros,
        spells.entry_micros,
        payments.order_id

    from spells
    inner join payments
        on spells.payment_id = payments.payment_id

),

segmented_spells as (

    {{ by_daily_segment(
        'payment_spells', 'order_segments',
        ['date', 'exit', 'age_micros', 'entry_micros']
    ) }}

),

counts as (

    select
        date,
        segment_type,
        segment,
        count(*) as payments,
        count(*) filter (where exit = 'settled') as settled,
        count(*) filter (where exit is not null) as ended

    from segmented_spells
    group by date, segment_type, segment

),

curves as (

    {{ survival_curves(
        'segmented_spells', ['date', 'segment_type', 'segment'], 'age_micros', 'exit',
        'settled', competing=['other'], entry='entry_micros'
    ) }}

),

percentiles as (

    select
        date,
        segment_type,
        segment,
        {{ curve_percentile('age_micros', 'survival', 0.5) }} as p50_micros,
        {{ curve_percentile('age_micros', 'survival', 0.9) }} as p90_micros

    from curves
    group by date, segment_type, segment

),

figures as (

    {% for share in ['50', '90'] %}
    select
        'settlement_p{{ share }}_hours' as metric,
        counts.date,
        counts.segment_type,
        counts.segment,
        percentiles.p{{ share }}_micros / 3600000000.0 as value,
        counts.settled as numerator,
        counts.payments as denominator,
        cast(counts.ended as double) / counts.payments as coverage

    from counts
    left join percentiles
        on counts.date = percentiles.date
        and counts.segment_type = percentiles.segment_type
        and counts.segment = percentiles.segment
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

)

select * from figures
