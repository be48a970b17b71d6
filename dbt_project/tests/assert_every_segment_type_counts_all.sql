-- Each kind of segment cuts the same whole: no parcel, no payment falls between two.
with

rto_rates as (

    select * from {{ ref('rto_rates') }}

),

settlement_times as (

    select * from {{ ref('settlement_times') }}

),

totals as (

    select
        'rto_rates' as metric,
        segment_type,
        sum(shipped) as counted,
        (
            select count(*)
            from {{ ref('fct_shipments') }} as shipments
            where shipments.shipped_at is not null
        ) as expected

    from rto_rates
    group by segment_type

    union all

    select
        'settlement_times' as metric,
        segment_type,
        sum(payments) as counted,
        (
            select count(*)
            from {{ ref('fct_payments') }} as payments
            where payments.settlement_clock_started_at is not null
        ) as expected

    from settlement_times
    group by segment_type

),

uneven_totals as (

    select * from totals
    where counted <> expected

)

select * from uneven_totals
