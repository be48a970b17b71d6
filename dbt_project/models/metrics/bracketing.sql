with

order_lines as (

    select * from {{ ref('int_order_lines') }}

),

deliveries as (

    select * from {{ ref('int_line_deliveries') }}

),

returns as (

    select * from {{ ref('fct_returns') }}
    where received_at is not null
        and delivered_at is not null

),

variants as (

    select * from {{ ref('product_variants') }}

),

months as (

    select * from {{ ref('int_delivered_months') }}

),

bought_products as (

    select
        order_lines.order_id,
        variants.product_family,
        count(distinct order_lines.sku) > 1 as is_bracket

    from order_lines
    inner join variants
        on order_lines.sku = variants.sku
    group by order_lines.order_id, variants.product_family

),

delivered_products as (

    select
        deliveries.order_id,
        variants.product_family,
        min({{ month_of(store_date('deliveries.delivered_at')) }}) as delivered_month,
        sum(deliveries.quantity) as units_delivered

    from deliveries
    inner join variants
        on deliveries.sku = variants.sku
    group by deliveries.order_id, variants.product_family

),

returned_products as (

    select
        returns.order_id,
        variants.product_family,
        sum(returns.received_quantity) as units_returned,
        sum(returns.received_quantity) filter (where returns.reason_group = 'fit')
            as fit_units_returned

    from returns
    inner join variants
        on returns.sku = variants.sku
    group by returns.order_id, variants.product_family

),

-- an order is of the month in which the first of its variants came
products_of_orders as (

    select
        delivered.delivered_month,
        delivered.product_family,
        bought.is_bracket,
        delivered.units_delivered,
        coalesce(returned.units_returned, 0) as units_returned,
        coalesce(returned.fit_units_returned, 0) as fit_units_returned

    from delivered_products as delivered
    inner join bought_products as bought
        on delivered.order_id = bought.order_id
        and delivered.product_family = bought.product_family
    left join returned_products as returned
        on delivered.order_id = returned.order_id
        and delivered.product_family = returned.product_family

),

sums as (

    select
        delivered_month,
        product_family,
        count(*) as orders,
        count(*) filter (where is_bracket) as brackets,
        count(*) filter (where is_bracket and units_returned > 0) as brackets_returned,
        {% for side in ['bracket', 'single'] -%}
        {%- set is_side = 'is_bracket' if side == 'bracket' else 'not is_bracket' -%}
        {% for units in ['units_delivered', 'units_returned', 'fit_units_returned'] %}
        cast(
            coalesce(sum({{ units }}) filter (where {{ is_side }}), 0) as bigint
        ) as {{ side }}_{{ units }}{{ ',' if not (loop.last and side == 'single') }}
        {% endfor %}
        {%- endfor %}

    from products_of_orders
    group by delivered_month, product_family

),

bracketing as (

    select
        sums.product_family,
        sums.orders,
        sums.brackets,
        sums.brackets_returned,
        cast(sums.brackets_returned as double) / nullif(sums.brackets, 0)
            as bracket_return_rate,
        sums.bracket_units_delivered,
        sums.bracket_units_returned,
        sums.bracket_fit_units_returned,
        sums.single_units_delivered,
        sums.single_units_returned,
        sums.single_fit_units_returned,
        cast(sums.single_fit_units_returned as double)
            / nullif(sums.single_units_delivered, 0) as single_fit_return_rate,
        months.is_mature,
        sums.delivered_month

    from sums
    inner join months
        on sums.delivered_month = months.delivered_month

)

select * from bracketing
