-- One row per product: what Olist knows about a sku, its category in English.

with

products as (

    select * from raw_olist.products

),

product_categories as (

    select * from raw_olist.product_categories

),

categorized_products as (

    select
        products.product_id as sku,

        -- a few products have no category, and two categories were never translated
        coalesce(
            product_categories.product_category_name_english,
            products.product_category_name,
            'unknown'
        ) as category

    from products
    left join product_categories
        on products.product_category_name = product_categories.product_category_name

)

select * from categorized_products
