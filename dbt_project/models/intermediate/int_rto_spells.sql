-- The road from shipping to the door, back to origin or nowhere, once for each segment
-- it is counted in.
with

shipments as (

    select * from {{ ref('fct_shipments') }}
    where shipped_at is not null

),

clock as (

    select * from {{ ref('stg_clock') }}

),

-- ages are whole 24 hours; an outcome reported before the shipping took none
spells as (

    select
        shipments.shipment_id,
        shipments.order_id,
        shipments.carrier,
        shipments.destination_region,
        coalesce(shipments.destination_pincode, 'unknown') as destination_pincode,
        shipments.payment_mode,
        shipments.attempt_count,
        {{ store_date('shipments.shipped_at') }} as shipped_date,
        case when shipments.outcome <> 'open' then shipments.outcome end as exit,
        cast(
            floor(
                greatest(
                    {{ days_between(
                        'shipments.shipped_at',
                        'coalesce(shipments.outcome_at, clock.as_of)'
                    ) }}, 0
                )
            ) as bigint
        ) as age_days

    from shipments
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
        'carrier' as segment_type,
        carrier as segment,
        spells.*
    from spells

    union all

    select
        'region' as segment_type,
        destination_region as segment,
        spells.*
    from spells

    union all

    select
        'pincode' as segment_type,
        destination_pincode as segment,
        spells.*
    from spells

    union all

    select
        'payment_mode' as segment_type,
        payment_mode as segment,
        spells.*
    from spells

    union all

    select
        'ship_week' as segment_type,
        cast({{ week_of('shipped_date') }} as varchar) as segment,
        spells.*
    from spells

    union all

    select
        'attempts' as segment_type,
        cast(attempt_count as varchar) as segment,
        spells.*
    from spells

)

select * from segmented_spells
