"""Who buys again, when, and after which first product."""

from __future__ import annotations

from dashboards.queries.reader import Query


def cohorts(age_mode: str) -> Query:
    """Return the cohort triangle; a cell nobody has watched yet has no rate."""
    return Query(
        """
        select
            strftime(cohort_month, '%Y-%m') as cohort,
            cohort_customers,
            age,
            active_customers,
            case when is_observed then retention_rate end as retention_rate,
            lower,
            upper
        from metrics.cohort_retention
        where age_mode = $age_mode and age > 0
        order by cohort_month, age
        """,
        {"age_mode": age_mode},
    )


def watched_cells(age_mode: str) -> Query:
    """Return the cells of the triangle that have been watched, one row each."""
    cells = cohorts(age_mode)
    return Query(
        f"select * from ({cells.sql}) where retention_rate is not null "
        "order by cohort desc, age",
        cells.parameters,
    )


SECOND_ORDER = Query(
    """
    select
        horizon_days,
        customers,
        at_risk,
        second_orders,
        probability,
        lower,
        upper,
        naive_rate,
        is_observed
    from metrics.second_order
    where segment_type = 'all'
    order by horizon_days
    """
)

CALENDAR = Query(
    """
    select
        sku,
        category,
        gaps,
        open_gaps,
        p35_days,
        p50_days,
        p50_lower_days as p50_from_days,
        p50_upper_days as p50_to_days,
        naive_p50_days,
        basis,
        case basis when 'sku' then sku when 'category' then category else 'all' end
            as learned_from,
        is_consumable
    from metrics.replenishment_clock
    where is_reliable and p35_days is not null
    order by p35_days, sku
    """
)

GATEWAYS = Query(
    """
    select
        sku,
        category,
        first_buyers,
        shrunk_rate,
        lower,
        upper,
        shop_rate,
        lift,
        later_premium_rate,
        is_rankable
    from metrics.gateway_products
    order by is_rankable desc, shrunk_rate desc nulls last, first_buyers desc, sku
    """
)

AFFINITY = Query(
    """
    select sku_a, sku_b, baskets, expected_baskets, confidence, lift, lift_lower
    from metrics.product_affinity
    order by lift_lower desc, sku_a, sku_b
    """
)


VALUE = Query(
    """
    select
        cohort_month,
        age,
        currency,
        customers,
        case when is_observed then contribution_amount end as contribution_amount,
        case when is_observed then cumulative_per_customer end
            as cumulative_per_customer_amount,
        cost_coverage,
        not is_mature as is_young
    from metrics.customer_value
    where is_observed
    order by cohort_month desc, currency, age
    """
)
