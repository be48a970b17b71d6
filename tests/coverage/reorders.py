"""Second orders: how likely they are, and after which first products.

``second_order`` claims the share of customers back within a horizon, for all and for
months of at least 30 customers; ``gateway_products`` how much likelier than the shop's
customers the first buyers of a product are back, for products of at least 30.

A lift is drawn towards that of its category on purpose: its interval covers in the mean
over the products, and rather too often where a category has few.

The naive probability takes who has not come back yet for lost. The raw lift beside the
shrunk one is no wrong figure, only a wide one, and its best product is chosen by luck.

Shops here live for twelve weeks: second orders are counted within 30 days, not 90.
"""

from __future__ import annotations

from tests.coverage.estimates import ZONE, Estimate, by_segment, wilson

HORIZONS = (30, 60)

SEGMENTS = {
    "all": "'all'",
    "acquisition_month": (
        f"cast(date_trunc('month', placed_at at time zone '{ZONE}') as date)"
    ),
}

# of an order that counts some money came, and goods that were neither called off nor
# all turned back
TRUE_ORDERS = """
    select
        orders.seed,
        orders.order_id,
        orders.customer_id,
        orders.placed_at,
        row_number() over by_time as order_number,
        date_diff('second', orders.placed_at, lead(orders.placed_at) over by_time)
        / 86400.0 as gap_days,
        date_diff('second', orders.placed_at, (select as_of from clock))
        / 86400.0 as watched_days
    from orders
    inner join stages using (seed, order_id)
    left join (
        select
            seed,
            order_id,
            bool_and(rto_initiated_at is not null) as is_rto,
            bool_or(collected_at is not null) as is_collected
        from parcels
        group by seed, order_id
    ) as sent using (seed, order_id)
    where orders.customer_id is not null
        and not orders.is_test
        and not orders.is_synthetic
        and orders.placed_at < (select as_of from clock)
        and stages.cancelled_at is null
        and not coalesce(sent.is_rto, false)
        and (
            sent.is_collected
            or (orders.seed, orders.order_id) in (
                select (seed, order_id) from captures where captured_at is not null
            )
        )
    window by_time as (
        partition by orders.seed, orders.customer_id
        order by orders.placed_at, orders.order_id
    )
"""

FIRST_ORDERS = f"select * from ({TRUE_ORDERS}) where order_number = 1"

PROBABILITY = Estimate(
    name="second order",
    unit="share",
    published=f"""
        select
            segment_type,
            segment || ' + ' || horizon_days as segment,
            null::bigint as age,
            probability as estimate,
            lower,
            upper
        from metrics.second_order
        where is_rankable and is_observed and horizon_days in {HORIZONS}
    """,
    truth=f"""
        select
            segment_type,
            segment || ' + ' || horizons.days as segment,
            null::bigint as age,
            count_if(gap_days <= horizons.days) / count(*) as truth
        from ({by_segment(FIRST_ORDERS, SEGMENTS, "gap_days, watched_days")})
        cross join (select unnest({list(HORIZONS)}) as days) as horizons
        where watched_days >= horizons.days
        group by segment_type, segment, horizons.days
    """,
    naive=f"""
        select segment_type, segment, estimate, lower, upper
        from ({
        wilson(
            '''
            select
                segment_type,
                segment || ' + ' || horizon_days as segment,
                second_orders as k,
                customers as n
            from metrics.second_order
            '''
        )
    })
    """,
    naively="who has not come back counts as lost",
)

LIFT = Estimate(
    name="gateway lift",
    unit="ratio",
    published="""
        select
            'sku' as segment_type,
            sku as segment,
            null::bigint as age,
            lift as estimate,
            lift_lower as lower,
            lift_upper as upper
        from metrics.gateway_products
        where is_rankable
    """,
    truth=f"""
        with first_orders as (
            select * from ({FIRST_ORDERS}) where watched_days >= {HORIZONS[0]}
        )
        select
            'sku' as segment_type,
            sku as segment,
            null::bigint as age,
            avg((coalesce(gap_days, 1e9) <= {HORIZONS[0]})::int) / (
                select avg((coalesce(gap_days, 1e9) <= {HORIZONS[0]})::int)
                from first_orders
            ) as truth
        from first_orders
        inner join (
            select distinct seed, order_id, sku
            from deliveries_by_line
            where delivered_at is not null
        ) as lines using (seed, order_id)
        group by sku
    """,
    naive=f"""
        select
            segment_type,
            segment,
            estimate / shop_rate as estimate,
            lower / shop_rate as lower,
            upper / shop_rate as upper
        from ({
        wilson(
            '''
            select
                'sku' as segment_type,
                sku as segment,
                second_orders as k,
                first_buyers as n
            from metrics.gateway_products
            '''
        )
    })
        cross join (select distinct shop_rate from metrics.gateway_products)
    """,
    naively="raw rates",
)
