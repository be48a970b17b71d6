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

months as (

    select * from {{ ref('int_delivered_months') }}

),

delivered_units as (

    select
        delivered_month,
        sku,
        cast(sum(quantity) as bigint) as units_delivered,
        cast(sum(quantity * quantity) as double) / sum(quantity) as units_per_choice

    from deliveries
    group by delivered_month, sku
    having sum(quantity) > 0

),

returned_units as (

    select
        delivered_month,
        sku,
        coalesce(reason_code, 'unknown') as reason,
        min(reason_group) as reason_group,
        cast(sum(received_quantity) as bigint) as units_returned,
        cast(
            coalesce(sum(received_quantity) filter (where is_bracketed), 0) as bigint
        ) as units_bracketed

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
        delivered_units.units_per_choice,
        coalesce(returned_units.units_returned, 0) as units_returned,
        coalesce(returned_units.units_bracketed, 0) as units_bracketed,
        cast(coalesce(returned_units.units_returned, 0) as double)
            / delivered_units.units_delivered as unit_return_rate,
        months.is_mature

    from delivered_units
    inner join months
        on delivered_units.delivered_month = months.delivered_month
    left join returned_units
        on delivered_units.delivered_month = returned_units.delivered_month
        and delivered_units.sku = returned_units.sku
    left join products
        on delivered_units.sku = products.sku

),

return_reasons as (

    select
        category,
        sku,
        reason,
        reason_group,
        units_delivered,
        units_returned,
        units_bracketed,
        unit_return_rate,

        -- units of one line go back together: they tell no more than one choice
        {{ wilson_lower(
            'least(units_returned, units_delivered) / units_per_choice',
            '(units_delivered / units_per_choice)'
        ) }} as lower,
        {{ wilson_upper(
            'least(units_returned, units_delivered) / units_per_choice',
            '(units_delivered / units_per_choice)'
        ) }} as upper,
        case when is_mature then unit_return_rate end as matured_rate,
        units_delivered >= {{ var('rankable_from') }} as is_rankable,
        is_mature,
        delivered_month

    from rates

)

select * from return_reasons
