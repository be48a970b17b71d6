with

order_lines as (

    select * from {{ ref('int_order_lines') }}

),

returns as (

    select * from {{ ref('fct_returns') }}

),

reservations as (

    select * from {{ ref('fct_reservations') }}

),

products as (

    select * from {{ ref('products') }}

),

known_skus as (

    select sku from products
    union
    select sku from order_lines
    union
    select sku from returns
    union
    select exchange_sku as sku from returns
    union
    select sku from reservations

),

described_products as (

    select
        known_skus.sku,
        coalesce(products.product_name, 'unknown') as product_name,
        coalesce(products.category, 'unknown') as category,
        cast(products.expected_life_days as bigint) as expected_life_days,
        products.is_consumable,
        products.sku is not null as is_described

    from known_skus
    left join products
        on known_skus.sku = products.sku
    where known_skus.sku is not null

)

select * from described_products
