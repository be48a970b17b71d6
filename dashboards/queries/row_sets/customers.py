"""Rows behind the numbers about returns, refunds, reorders, reviews and lists."""

from __future__ import annotations

from dataclasses import replace

from dashboards.queries.row_sets.row_set import RowSet, store_day
from dashboards.queries.rules import REFUND_HOURS

RETURNS = RowSet(
    "return lines",
    "line",
    "marts.fct_returns",
    "order_id, return_id, sku, kind, reason_code, reason_found, outcome, quantity, "
    "received_quantity, currency, refund_amount, delivered_at, initiated_at, "
    "received_at, resolved_at",
    by=("sku", "kind", "reason_code", "reason_group", "outcome"),
    order="initiated_at desc nulls last, return_line_id",
    day=store_day("initiated_at"),
)

# lines asked about that came, each with the stretch its first ask fell in
ASKED = """
    select lines.*, timing.delay_bucket
    from marts.line_reviews as lines
    left join metrics.review_timing as timing
        on lines.ask_delay_days >= coalesce(timing.first_day, lines.ask_delay_days)
        and lines.ask_delay_days <= coalesce(timing.last_day, lines.ask_delay_days)
    where lines.asked_at is not null and lines.delivered_at is not null
"""

ASKS = RowSet(
    "order lines asked for a review",
    "line",
    "marts.line_reviews",
    "order_id, sku, delay_bucket, response_rating, ask_delay_days, delivered_at, "
    "asked_at, responded_at",
    rows=ASKED,
    by=("delay_bucket", "sku"),
    order="asked_at desc, order_line_id",
    day=store_day("asked_at"),
)

# what the customer waits for: from owed to arrived
IN_TIME = f"started_at + interval {REFUND_HOURS} hour"

DEBTS = RowSet(
    "refunds on one clock",
    "refund",
    "marts.refund_clocks",
    "order_id, debt_id, cause, clock, destination, currency, amount, started_at, "
    "ended_at",
    by=("week", "cause", "clock", "destination", "currency"),
    needs=("clock",),
    order="started_at desc, debt_id",
    day=store_day("started_at"),
)

CAME_BACK = replace(
    RETURNS,
    title="delivered lines that came back",
    where="received_at is not null and delivered_at is not null",
    order="delivered_at desc, return_line_id",
    day=store_day("delivered_at"),
    number="sum(received_quantity)",
    unit="unit",
)

# months of delivery of which nothing more can come back
MATURE = f"""
    select returns.*
    from marts.fct_returns as returns
    inner join (
        select distinct sku, delivered_month
        from metrics.return_reasons
        where is_mature
    ) as months
        on returns.sku = months.sku
        and date_trunc('month', {store_day("returns.delivered_at")})
        = months.delivered_month
"""

# why they came back, as the shares of reasons tell it
REASONS = f"""
    select
        *,
        case
            when is_bracketed and reason_group = 'fit' then 'bracketing'
            else coalesce(reason_code, 'unknown')
        end as reason
    from ({MATURE}) as mature
"""

# A customer's age at an order, in both ways of counting it; each gap begins with an
# order that counts.
AGED_ORDERS = f"""
    with orders as (
        select
            customer_id,
            from_order_id as order_id,
            from_placed_at as placed_at,
            {store_day("from_placed_at")} as placed_date,
            min(from_placed_at) over of_customer as first_placed_at,
            min({store_day("from_placed_at")}) over of_customer as first_date
        from marts.fct_reorder_gaps
        window of_customer as (partition by customer_id)
    ), aged as (
        select
            *,
            'calendar_month' as age_mode,
            date_diff('month', first_date, placed_date) as age
        from orders
        union all
        select
            *,
            '30_day' as age_mode,
            (epoch_us(placed_at) - epoch_us(first_placed_at)) // 2592000000000 as age
        from orders
    )
    select
        customer_id,
        left(cast(min(first_date) as varchar), 7) as cohort,
        age_mode,
        age,
        count(*) as orders,
        min_by(order_id, (placed_at, order_id)) as order_id,
        min(placed_at) as placed_at
    from aged
    group by customer_id, age_mode, age
"""

# what was called off was not bought
BOUGHT = """
    select distinct order_id, sku
    from marts.fct_order_lines
    where sku is not null and quantity > quantity_cancelled
"""

FIRST_BUYERS = f"""
    select
        gaps.*,
        bought.sku,
        not gaps.is_open and gaps.gap_days <= products.horizon_days
            as has_second_order
    from marts.fct_reorder_gaps as gaps
    inner join ({BOUGHT}) as bought
        on gaps.from_order_id = bought.order_id
    inner join metrics.gateway_products as products
        on bought.sku = products.sku
    where gaps.order_number = 1
        and (epoch_us($as_of) - epoch_us(gaps.from_placed_at)) / 86400000000
        >= products.horizon_days
"""

BASKETS = f"""
    select one.order_id, one.sku as sku_a, other.sku as sku_b, orders.placed_at
    from ({BOUGHT}) as one
    inner join ({BOUGHT}) as other
        on one.order_id = other.order_id and one.sku <> other.sku
    inner join marts.fct_orders as orders
        on one.order_id = orders.order_id and orders.is_counted
"""

# What was used up: neither called off nor sent back whole. A gap ends with the next
# order of the same customer that has it.
USED_UP = """
    with purchases as (
        select distinct
            gaps.customer_id,
            gaps.order_number,
            gaps.from_order_id,
            gaps.from_placed_at,
            lines.sku
        from marts.fct_reorder_gaps as gaps
        inner join marts.fct_order_lines as lines
            on gaps.from_order_id = lines.order_id
        where lines.sku is not null
            and lines.quantity > lines.quantity_cancelled + lines.quantity_returned
    ), followed as (
        select
            *,
            lead(from_order_id) over by_time as to_order_id,
            lead(from_placed_at) over by_time as to_placed_at
        from purchases
        window by_time as (partition by customer_id, sku order by order_number)
    ), gaps as (
        select
            followed.*,
            products.category,
            (epoch_us(to_placed_at) - epoch_us(from_placed_at)) / 86400000000
                as gap_days
        from followed
        inner join marts.dim_products as products
            on followed.sku = products.sku
        where followed.to_order_id is not null
    )
    select *, 'sku' as basis, sku as learned_from from gaps
    union all
    select *, 'category' as basis, category as learned_from from gaps
    union all
    select *, 'shop' as basis, 'all' as learned_from from gaps
"""

ROW_SETS = {
    "returns": RETURNS,
    "came_back": CAME_BACK,
    "came_back_in_mature_months": replace(
        CAME_BACK,
        title="lines delivered in mature months that came back",
        rows=MATURE,
    ),
    "came_back_for": replace(
        CAME_BACK,
        title="lines delivered in mature months that came back",
        rows=REASONS,
        by=("reason",),
    ),
    "exchanged": replace(
        RETURNS,
        title="return lines that were exchanged",
        rows="select *, cast(date_trunc('month', "
        f"{store_day('coalesce(resolved_at, exchanged_at)')}) as date) as month "
        "from marts.fct_returns "
        "where resolved_at is not null or exchanged_at is not null",
        where="kind = 'exchange'",
        by=("month", "currency"),
        whole="count(*)",
        whole_noun="resolved return lines",
    ),
    "not_restocked": replace(
        RETURNS,
        title="lines refunded that did not reach a shelf",
        where="is_refunded_not_restocked",
        number="sum(if(received_at is null, quantity, received_quantity))",
        unit="unit",
    ),
    "refund_clocks": DEBTS,
    "refunds_in_time": replace(
        DEBTS,
        title=f"refunds that arrived within {REFUND_HOURS} hours of being due",
        rows=f"select * from {DEBTS.table} "
        f"where clock = 'total' and {IN_TIME} <= $as_of",
        where=f"ended_at <= {IN_TIME}",
        by=("cause", "destination", "currency"),
        needs=(),
        whole="count(*)",
        whole_noun="refunds due",
    ),
    "refunds": RowSet(
        "refunds",
        "refund",
        "marts.fct_refunds",
        "order_id, refund_id, cause, destination, currency, amount, due_at, "
        "initiated_at, completed_at, failed_at, due_to_initiated_hours, "
        "initiated_to_completed_hours",
        where="replaced_by_refund_id is null",
        by=("cause", "destination", "currency"),
        order="due_at desc nulls last, refund_id",
        day=store_day("due_at"),
    ),
    "claims": RowSet(
        "warranty claims",
        "claim",
        "marts.fct_warranty_claims",
        "order_id, claim_id, sku, fault, stage, decision, resolution, currency, "
        "amount, opened_at, decided_at",
        by=("sku", "fault", "decision", "resolution"),
        order="opened_at desc, claim_id",
    ),
    "second_orders": RowSet(
        "customers who have ordered again",
        "customer",
        "marts.fct_reorder_gaps",
        "to_order_id as order_id, from_order_id, customer_id, gap_days, "
        "from_placed_at, to_placed_at",
        rows="select * from marts.fct_reorder_gaps where order_number = 1",
        where="not is_open",
        most={"within_days": "gap_days"},
        order="to_placed_at desc, customer_id",
        whole="count(*)",
        whole_noun="first buyers",
    ),
    "cohort_orders": RowSet(
        "customers who ordered at an age",
        "customer",
        "marts.fct_reorder_gaps",
        "customer_id, cohort, age_mode, age, orders, order_id, placed_at",
        rows=AGED_ORDERS,
        by=("cohort", "age_mode", "age"),
        needs=("age_mode",),
        order="placed_at desc, customer_id",
    ),
    "contributions": RowSet(
        "orders since a customer's first, by what they brought",
        "order",
        "marts.order_contributions",
        "order_id, customer_id, cohort_month, age, currency, captured_amount, "
        "refunded_amount, charged_back_amount, fee_amount, cost_amount, "
        "contribution_amount, known_services, services, placed_at",
        by=("cohort_month", "age", "currency"),
        order="placed_at desc, order_id, currency",
        number="sum(contribution_amount)",
        unit="currency",
    ),
    "first_buyers": RowSet(
        "customers whose first order had a product, watched for the whole horizon",
        "customer",
        "marts.fct_reorder_gaps",
        "from_order_id as order_id, customer_id, sku, has_second_order, to_order_id, "
        "gap_days, from_placed_at, to_placed_at",
        rows=FIRST_BUYERS,
        by=("sku", "has_second_order"),
        needs=("sku",),
        order="from_placed_at desc, customer_id",
    ),
    "bought_together": RowSet(
        "orders with both products",
        "order",
        "marts.fct_order_lines",
        "order_id, sku_a, sku_b, placed_at",
        rows=BASKETS,
        by=("sku_a", "sku_b"),
        needs=("sku_a", "sku_b"),
        order="placed_at desc, order_id",
    ),
    "bought_again": RowSet(
        "products bought again by the same customer",
        "purchase",
        "marts.fct_reorder_gaps",
        "to_order_id as order_id, from_order_id, customer_id, sku, gap_days, "
        "from_placed_at, to_placed_at",
        rows=USED_UP,
        by=("basis", "learned_from"),
        needs=("basis",),
        order="to_placed_at desc, customer_id, sku",
    ),
    "asks": ASKS,
    "answers": replace(
        ASKS,
        title="order lines whose customer answered the ask",
        where="responded_at is not null",
        whole="count(*)",
        whole_noun="lines asked about",
    ),
    "reviews": RowSet(
        "reviews written",
        "review",
        "marts.fct_reviews",
        "order_id, review_id, sku, rating, is_solicited, reviewed_at",
        by=("sku", "rating"),
        order="reviewed_at desc, review_id",
        day=store_day("reviewed_at"),
    ),
    "review_asks": RowSet(
        "order lines to ask for a review",
        "line",
        "marts.audience_review_due",
        "order_id, sku, channels, refused_channels, holdout_group, delivered_at, "
        "ask_window_start_at, ask_window_end_at",
        by=("sku", "holdout_group"),
        order="ask_window_start_at, order_line_id",
    ),
    "reorder_asks": RowSet(
        "customers likely to need a product again",
        "reminder",
        "marts.audience_reorder_due",
        "last_order_id as order_id, customer_id, sku, channels, refused_channels, "
        "confidence, holdout_group, last_placed_at, window_start_at, due_at, "
        "window_end_at",
        by=("sku", "holdout_group", "confidence"),
        order="due_at, customer_id, sku",
    ),
}
