{{ config(materialized='table') }}

-- Cumulative incidence of going back, by the day of shipping, read at the maturity age
-- or, while parcels of that day are younger, at the last age observed.
with

spells as (

    select
        order_id,
        carrier,
        shipped_date as date,
        exit,
        age_days

    from {{ ref('int_rto_spells') }}
    where segment_type = 'all'

),

order_segments as (

    select * from {{ ref('int_order_segments') }}

),

segmented_spells as (

    {{ by_daily_segment(
        'spells', 'order_segments', ['date', 'exit', 'age_days'], has_carrier=true
    ) }}

),

counts as (

    select
        date,
        segment_type,
        segment,
        count(*) as shipped,
        count(*) filter (where exit = 'rto') as rto,
        count(*) filter (where exit is not null) as resolved

    from segmented_spells
    group by date, segment_type, segment

),

curves as (

    {{ exit_curves(
        'segmented_spells', ['date', 'segment_type', 'segment'], 'age_days', 'exit',
        ['rto', 'delivered', 'lost']
    ) }}

),

matured as (

    select
        date,
        segment_type,
        segment,
        {{ max_by('cif_rto', 'age_days') }} as cif_rto

    from curves
    where age_days <= {{ var('rto_maturity_days') }}
    group by date, segment_type, segment

),

figures as (

    select
        'rto_matured_rate' as metric,
        counts.date,
        counts.segment_type,
        counts.segment,
        coalesce(matured.cif_rto, 0) as value,
        counts.rto as numerator,
        counts.shipped as denominator,
        cast(counts.resolved as double) / counts.shipped as coverage

    from counts
    left join matured
        on counts.date = matured.date
        and counts.segment_type = matured.segment_type
        and counts.segment = matured.segment

)

select * from figures
