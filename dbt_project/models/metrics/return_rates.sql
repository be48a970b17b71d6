{%- set sides = ['units', 'orders', 'value'] -%}

with

deliveries as (

    select
        *,
        {{ month_of(store_date('delivered_at')) }} as delivered_month

    from {{ ref('int_line_deliveries') }}

),

returns as (

    select
        *,
        {{ month_of(store_date('delivered_at')) }} as delivered_month

    from {{ ref('fct_returns') }}
    where received_at is not null
        and delivered_at is not null

),

orders as (

    select * from {{ ref('fct_orders') }}

),

line_values as (

    select * from {{ ref('int_line_values') }}

),

months as (

    select * from {{ ref('int_delivered_months') }}

),

movements as (

    select
        delivered_month,
        order_id,
        order_line_id,
        quantity as units_delivered,
        0 as units_returned
    from deliveries

    union all

    select
        delivered_month,
        order_id,
        order_line_id,
        0 as units_delivered,
        received_quantity as units_returned
    from returns

),

-- both sides at what the line's units came to in the order
valued_movements as (

    select
        movements.delivered_month,
        movements.order_id,
        coalesce(orders.currency, 'unknown') as currency,
        movements.units_delivered,
        movements.units_returned,
        case when line_values.unit_minor is not null
            then movements.units_delivered
        end as units_valued,
        case when orders.currency is not null
            then {{ to_amount(
                'round(movements.units_delivered * line_values.unit_minor)',
                'orders.currency'
            ) }}
        end as value_delivered,
        case when orders.currency is not null
            then {{ to_amount(
                'round(movements.units_returned * line_values.unit_minor)',
                'orders.currency'
            ) }}
        end as value_returned

    from movements
    left join orders
        on movements.order_id = orders.order_id
    left join line_values
        on movements.order_line_id = line_values.order_line_id

),

sums as (

    select
        delivered_month,
        currency,
        cast(sum(units_delivered) as bigint) as units_delivered,
        cast(sum(units_returned) as bigint) as units_returned,
        count(distinct order_id) filter (where units_delivered > 0)
            as orders_delivered,
        count(distinct order_id) filter (where units_returned > 0) as orders_returned,
        cast(coalesce(sum(units_valued), 0) as bigint) as units_valued,
        cast(coalesce(sum(value_delivered), 0) as decimal(18, 4)) as value_delivered,
        cast(coalesce(sum(value_returned), 0) as decimal(18, 4)) as value_returned

    from valued_movements
    group by delivered_month, currency

),

rates as (

    select
        sums.*,
        months.is_mature
        {%- for side in sides %},
        cast(sums.{{ side }}_returned as double) / nullif(sums.{{ side }}_delivered, 0)
            as {{ side }}_rate
        {%- endfor %}

    from sums
    inner join months
        on sums.delivered_month = months.delivered_month

),

return_rates as (

    select
        currency,
        units_delivered,
        units_returned,
        units_rate as unit_return_rate,
        case when is_mature then units_rate end as matured_unit_rate,
        orders_delivered,
        orders_returned,
        orders_rate as order_return_rate,
        {{ wilson_lower('orders_returned', 'orders_delivered') }} as order_rate_lower,
        {{ wilson_upper('orders_returned', 'orders_delivered') }} as order_rate_upper,
        case when is_mature then orders_rate end as matured_order_rate,
        units_valued,
        value_delivered as value_delivered_amount,
        value_returned as value_returned_amount,
        value_rate as value_return_rate,
        case when is_mature then value_rate end as matured_value_rate,
        is_mature,
        delivered_month

    from rates

)

select * from return_rates
