with

deliveries as (

    select
        *,
        {{ month_of(store_date('delivered_at')) }} as delivered_month

    from {{ ref('int_line_deliveries') }}

),

-- a return belongs to the month in which its goods were delivered
returns as (

    select
        *,
        {{ month_of(store_date('delivered_at')) }} as delivered_month

    from {{ ref('fct_returns') }}
    where received_at is not null
        and delivered_at is not null

),

products as (

    select * from {{ ref('dim_products') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

delivered_units as (

    select
        delivered_month,
        sku,
        cast(sum(quantity) as bigint) as units_delivered

    from deliveries
    group by delivered_month, sku

),

youngest_deliveries as (

    select
        delivered_month,
        max(delivered_at) as last_delivered_at

    from deliveries
    group by delivered_month

),

returned_units as (

    select
        delivered_month,
        sku,
        coalesce(reason_code, 'unknown') as reason,
        min(reason_group) as reason_group,
        cast(sum(received_quantity) as bigint) as units_returned

    from returns
    group by delivered_month, sku, coalesce(reason_code, 'unknown')

),

-- a product nobody sent back has one row, with zero
rates as (

    select
        delivered_units.delivered_month,
        coalesce(products.category, 'unknown') as category,
        delivered_units.sku,
        coalesce(returned_units.reason, 'none') as reason,
        coalesce(returned_units.reason_group, 'none') as reason_group,
        delivered_units.units_delivered,
        coalesce(returned_units.units_returned, 0) as units_returned,
        cast(coalesce(returned_units.units_returned, 0) as double)
            / delivered_units.units_delivered as unit_return_rate,
        clock.as_of >= {{ hours_after(
            'youngest_deliveries.last_delivered_at',
            24 * (var('return_window_days') + var('return_transit_days'))
        ) }} as is_mature

    from delivered_units
    inner join youngest_deliveries
        on delivered_units.delivered_month = youngest_deliveries.delivered_month
    left join returned_units
        on delivered_units.delivered_month = returned_units.delivered_month
        and delivered_units.sku = returned_units.sku
    left join products
        on delivered_units.sku = products.sku
    cross join clock

),

return_reasons as (

    select
        category,
        sku,
        reason,
        reason_group,
        units_delivered,
        units_returned,
        unit_return_rate,
        case when is_mature then unit_return_rate end as matured_rate,
        units_delivered >= {{ var('rankable_from') }} as is_rankable,
        is_mature,
        delivered_month

    from rates

)

select * from return_reasons
