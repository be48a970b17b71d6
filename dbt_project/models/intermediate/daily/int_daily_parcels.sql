-- Parcels by the day they were shipped: each counts for the carrier that has it.
with

shipments as (

    select
        order_id,
        carrier,
        outcome,
        {{ store_date('shipped_at') }} as date

    from {{ ref('fct_shipments') }}
    where shipped_at is not null

),

figures as (

    select
        'rto_naive_rate' as metric,
        date,
        order_id,
        carrier,
        case when outcome = 'rto' then 1 else 0 end as numerator,
        1 as denominator,
        1 as population
    from shipments

)

select * from figures
