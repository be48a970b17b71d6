with

shipments as (

    select * from {{ ref('fct_shipments') }}
    where delivered_at is not null

),

segmented_shipments as (

    select
        'all' as segment_type,
        'all' as segment,
        false_delivery
    from shipments

    union all

    select
        'carrier' as segment_type,
        carrier as segment,
        false_delivery
    from shipments

),

counts as (

    select
        segment_type,
        segment,
        count(*) as deliveries,
        count(*) filter (where false_delivery) as false_deliveries

    from segmented_shipments
    group by segment_type, segment

),

rates as (

    select
        segment_type,
        segment,
        deliveries,
        false_deliveries,
        cast(false_deliveries as double) / deliveries as false_delivery_rate,
        {{ wilson_lower('false_deliveries', 'deliveries') }} as lower,
        {{ wilson_upper('false_deliveries', 'deliveries') }} as upper,
        deliveries >= {{ var('rankable_from') }} as is_rankable

    from counts

)

select * from rates
