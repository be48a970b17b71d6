{%- set least = var('affinity_baskets_from') -%}

with

-- what was called off was not taken
lines as (

    select * from {{ ref('fct_order_lines') }}
    where sku is not null
        and quantity > quantity_cancelled

),

-- a basket needs no name: guests count
orders as (

    select order_id
    from {{ ref('fct_orders') }}
    where is_counted

),

baskets as (

    select distinct
        lines.order_id,
        lines.sku

    from lines
    inner join orders
        on lines.order_id = orders.order_id

),

all_baskets as (

    select count(distinct order_id) as all_baskets
    from baskets

),

-- others share no {{ least }} baskets with anything
frequent_skus as (

    select
        sku,
        count(*) as baskets

    from baskets
    group by sku
    having count(*) >= {{ least }}

),

frequent_baskets as (

    select baskets.*
    from baskets
    inner join frequent_skus
        on baskets.sku = frequent_skus.sku

),

comparisons as (

    select cast(count(*) * (count(*) - 1) / 2 as bigint) as pairs_compared
    from frequent_skus

),

pairs as (

    select
        one.sku as sku_a,
        other.sku as sku_b,
        count(*) as baskets

    from frequent_baskets as one
    inner join frequent_baskets as other
        on one.order_id = other.order_id
        and one.sku < other.sku
    group by one.sku, other.sku
    having count(*) >= {{ least }}

),

-- confidence has a direction: each pair stands both ways
directed_pairs as (

    select
        sku_a,
        sku_b,
        baskets
    from pairs

    union all

    select
        sku_b as sku_a,
        sku_a as sku_b,
        baskets
    from pairs

),

counted_pairs as (

    select
        directed_pairs.sku_a,
        directed_pairs.sku_b,
        directed_pairs.baskets,
        of_a.baskets as baskets_a,
        of_b.baskets as baskets_b,
        all_baskets.all_baskets,
        comparisons.pairs_compared,
        cast(of_a.baskets as double) * of_b.baskets / all_baskets.all_baskets
            as expected_baskets

    from directed_pairs
    inner join frequent_skus as of_a
        on directed_pairs.sku_a = of_a.sku
    inner join frequent_skus as of_b
        on directed_pairs.sku_b = of_b.sku
    cross join all_baskets
    cross join comparisons

),

-- of pairs taken together by chance those that chance favored are the ones with enough
-- baskets to be listed: the bound is for all pairs that could have been
product_affinity as (

    select
        sku_a,
        sku_b,
        baskets,
        baskets_a,
        baskets_b,
        all_baskets,
        pairs_compared,
        cast(baskets as double) / all_baskets as support,
        cast(baskets as double) / baskets_a as confidence,
        expected_baskets,
        baskets / expected_baskets as lift,
        {{ poisson_mean_lower(
            'baskets', simultaneous_normal_quantile('pairs_compared', 0.025)
        ) }} / expected_baskets as lift_lower

    from counted_pairs

)

select * from product_affinity
