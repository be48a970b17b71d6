{%- set horizon = var('gateway_horizon_days') -%}

with

-- what was called off was not bought; what was sent back was
lines as (

    select * from {{ ref('fct_order_lines') }}
    where sku is not null
        and quantity > quantity_cancelled

),

gaps as (

    select * from {{ ref('fct_reorder_gaps') }}

),

products as (

    select * from {{ ref('dim_products') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

currencies as (

    select
        currency,
        row_number() over (order by count(*) desc, currency) as place

    from lines
    group by currency

),

-- prices are compared in the currency that most lines are in
sku_prices as (

    select
        lines.sku,
        {{ quantile_cont('cast(lines.unit_price as double)', 0.5) }} as unit_price

    from lines
    inner join currencies
        on lines.currency = currencies.currency
        and currencies.place = 1
    where lines.unit_price is not null
    group by lines.sku

),

premium_from as (

    select
        {{ quantile_cont('unit_price', var('premium_quantile')) }} as unit_price
    from sku_prices

),

premium_skus as (

    select sku_prices.sku
    from sku_prices
    cross join premium_from
    where sku_prices.unit_price >= premium_from.unit_price

),

premium_orders as (

    select distinct lines.order_id
    from lines
    inner join premium_skus
        on lines.sku = premium_skus.sku

),

-- everybody watched for the whole horizon
first_buyers as (

    select
        gaps.customer_id,
        gaps.from_order_id,
        gaps.from_placed_at,
        not gaps.is_open and gaps.gap_days <= {{ horizon }} as has_second_order

    from gaps
    cross join clock
    where gaps.order_number = 1
        and {{ days_between('gaps.from_placed_at', 'clock.as_of') }} >= {{ horizon }}

),

later_premium_buyers as (

    select distinct first_buyers.customer_id

    from first_buyers
    inner join gaps
        on first_buyers.customer_id = gaps.customer_id
        and gaps.order_number > 1
        and {{ days_between('first_buyers.from_placed_at', 'gaps.from_placed_at') }}
        <= {{ horizon }}
    inner join premium_orders
        on gaps.from_order_id = premium_orders.order_id

),

shop as (

    select avg(case when has_second_order then 1.0 else 0.0 end) as shop_rate
    from first_buyers

),

first_products as (

    select distinct
        first_buyers.customer_id,
        first_buyers.has_second_order,
        later_premium_buyers.customer_id is not null as has_later_premium,
        lines.sku

    from first_buyers
    inner join lines
        on first_buyers.from_order_id = lines.order_id
    left join later_premium_buyers
        on first_buyers.customer_id = later_premium_buyers.customer_id

),

-- tea is bought again for other reasons than teapots are: like is drawn to like
counts as (

    select
        products.category,
        products.sku,
        count(*) as first_buyers,
        count(*) filter (where first_products.has_second_order) as second_orders,
        count(*) filter (where first_products.has_later_premium)
            as later_premium_buyers

    from first_products
    inner join products
        on first_products.sku = products.sku
    group by products.category, products.sku

),

shrunk as (

    {{ shrunk_rates('counts', 'category', 'sku', 'second_orders', 'first_buyers') }}

),

rates as (

    select
        counts.sku,
        counts.category,
        counts.first_buyers,
        counts.second_orders,
        cast(counts.second_orders as double) / counts.first_buyers
            as second_order_rate,
        shrunk.shrunk_rate,
        shrunk.lower,
        shrunk.upper,
        shop.shop_rate,
        shrunk.shrunk_rate / nullif(shop.shop_rate, 0) as lift,
        shrunk.lower / nullif(shop.shop_rate, 0) as lift_lower,
        shrunk.upper / nullif(shop.shop_rate, 0) as lift_upper,
        counts.later_premium_buyers,
        cast(counts.later_premium_buyers as double) / counts.first_buyers
            as later_premium_rate,
        cast({{ horizon }} as bigint) as horizon_days,
        counts.first_buyers >= {{ var('rankable_from') }} as is_rankable

    from counts
    inner join shrunk
        on counts.sku = shrunk.sku
    cross join shop

),

gateway_products as (

    select
        rates.*,
        case
            when is_rankable
                then rank() over (partition by is_rankable order by shrunk_rate desc)
        end as gateway_rank

    from rates

)

select * from gateway_products
