-- From when on the returns of a month's deliveries may be taken for all there will be.
with

deliveries as (

    select * from {{ ref('int_line_deliveries') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

youngest_deliveries as (

    select
        {{ month_of(store_date('delivered_at')) }} as delivered_month,
        max(delivered_at) as last_delivered_at

    from deliveries
    group by {{ month_of(store_date('delivered_at')) }}

),

delivered_months as (

    select
        youngest_deliveries.delivered_month,
        clock.as_of >= {{ hours_after(
            'youngest_deliveries.last_delivered_at',
            24 * (var('return_window_days') + var('return_transit_days'))
        ) }} as is_mature

    from youngest_deliveries
    cross join clock

)

select * from delivered_months
