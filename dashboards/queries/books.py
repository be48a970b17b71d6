"""Do the books close: residuals of orders, balances in clearing, the ledger's sum."""

from __future__ import annotations

from dashboards.queries.reader import Query

BY_CURRENCY = Query(
    """
    select
        currency,
        count(*) as orders,
        sum(ordered_amount - called_off_amount) as owed_amount,
        sum(captured_amount) as captured_amount,
        sum(settled_amount) as settled_amount,
        sum(fee_amount) as fee_amount,
        sum(refunded_amount) as refunded_amount,
        sum(outstanding_amount) as outstanding_amount,
        sum(residual_amount) as residual_amount,
        count(*) filter (where residual_amount <> 0) as orders_with_residual,
        count(*) filter (
            where residual_amount <> 0
                and coalesce(residual_cause, 'unexplained') = 'unexplained'
        ) as unexplained_orders
    from marts.reconciliation
    group by currency
    order by orders desc, currency
    """
)

RESIDUALS = Query(
    """
    select
        coalesce(residual_cause, 'unexplained') as residual_cause,
        currency,
        count(*) as orders,
        sum(residual_amount) as residual_amount
    from marts.reconciliation
    where residual_amount <> 0
    group by 1, 2
    order by abs(sum(residual_amount)) desc, residual_cause
    """
)

CLEARING = Query(
    """
    select
        cause,
        currency,
        is_mature,
        count(*) as payments,
        sum(balance_amount) as balance_amount,
        max(open_age_hours) / 24 as oldest_days
    from marts.ledger_clearing
    where balance_amount <> 0
    group by cause, currency, is_mature
    order by is_mature desc, abs(sum(balance_amount)) desc, cause
    """
)

LEDGER = Query(
    """
    with entries as (

        select entry_id, currency, sum(amount) as amount
        from marts.fct_ledger_entries
        group by entry_id, currency

    )

    select
        count(distinct entry_id) as entries,
        count(*) filter (where amount <> 0) as unbalanced
    from entries
    """
)
