"""Rows behind the numbers about money: payments, attempts, claims and the books."""

from __future__ import annotations

from dataclasses import replace

from dashboards.queries.row_sets.row_set import RowSet, store_day
from dashboards.queries.rules import RETRY_HOURS

PAYMENTS = RowSet(
    "captured payments",
    "payment",
    "marts.fct_payments",
    "order_id, payment_id, method, gateway, exit, currency, captured_amount, "
    "refunded_amount, settled_gross_amount, unsettled_amount, captured_at, "
    "settlement_due_at, settled_at, captured_to_settled_hours, open_age_hours, "
    "is_settlement_late, is_settlement_timed_out",
    where="captured_at is not null",
    by=("method", "gateway", "exit", "currency"),
    order="open_age_hours desc nulls last, captured_at, payment_id",
    day=store_day("captured_at"),
)

# the clock of cash on delivery starts at the door
TIMED = "settlement_clock_started_at is not null"

# What is known of why, the most telling first. Every payment that is or was late has
# one cause.
LATE = f"""
    with

    told as (

        select
            entity_id as payment_id,
            bool_or(event_name = 'payment_settlement_failed') as is_transfer_failed,
            bool_or(event_name = 'payment_settlement_reversed') as is_taken_back
        from marts.events
        where event_name in (
                'payment_settlement_failed', 'payment_settlement_reversed'
            )
            and not is_retracted
        group by entity_id

    )

    select
        payments.*,
        case
            when payments.disputed_at is not null then 'disputed'
            when told.is_transfer_failed then 'bank_transfer_failed'
            when told.is_taken_back then 'taken_back_by_the_bank'
            when payments.exit = 'refunded' then 'refunded_before_it_came'
            when payments.method = 'cod' then 'courier_remits_late'
            when payments.exit = 'open' then 'no_word_of_it_yet'
            else 'paid_out_late_without_a_reason'
        end as cause
    from {PAYMENTS.table} as payments
    left join told
        on payments.payment_id = told.payment_id
    where payments.captured_at is not null and payments.is_settlement_late
"""

DUE = replace(
    PAYMENTS,
    rows=f"select * from {PAYMENTS.table} where {TIMED} and settlement_due_at < $as_of",
    whole="count(*)",
    whole_noun="payments whose due time has passed",
)

ATTEMPTS = RowSet(
    "payment attempts",
    "attempt",
    "marts.fct_payment_attempts",
    "order_id, payment_id, order_attempt_number, method, gateway, outcome, "
    "error_code, decline_type, is_retry, is_fallback, attempted_at, recovered_at",
    by=("method", "gateway", "outcome", "error_code", "decline_type"),
    order="attempted_at desc, payment_id, attempt_number",
    day=store_day("attempted_at"),
)

FIRST_ATTEMPTS = replace(
    ATTEMPTS,
    noun="order",
    rows=f"select * from {ATTEMPTS.table} where not is_retry",
    by=("method", "gateway"),
    whole="count(*)",
    whole_noun="orders with an attempt",
)

IN_TIME = f"answered_at + interval {RETRY_HOURS} hour"

CLAIMS = RowSet(
    "open claims on money",
    "claim",
    "marts.pending_money",
    "order_id, class, currency, amount, age_hours, since_at",
    by=("class", "currency"),
    order="age_hours desc, claim_id",
    number="sum(amount)",
    unit="currency",
)

ORDERS = RowSet(
    "orders with what they owe",
    "order",
    "marts.reconciliation",
    "order_id, currency, owed_amount, ordered_amount, called_off_amount, "
    "captured_amount, settled_amount, fee_amount, outstanding_amount, "
    "refunded_amount, paid_in_credit_amount, residual_amount, residual_cause",
    rows="select *, ordered_amount - called_off_amount as owed_amount "
    "from marts.reconciliation",
    where="owed_amount <> 0",
    by=("residual_cause", "currency"),
    order="abs(owed_amount) desc, order_id",
    number="sum(owed_amount)",
    unit="currency",
)

ROW_SETS = {
    "payments": PAYMENTS,
    "timed_payments": replace(
        PAYMENTS,
        title="payments whose way to the bank is timed",
        rows="select *, cast(date_trunc('week', "
        f"{store_day('settlement_clock_started_at')}) as date) as capture_week "
        f"from {PAYMENTS.table}",
        where=TIMED,
        by=("capture_week", *PAYMENTS.by),
    ),
    "waiting": replace(
        PAYMENTS,
        title="payments still on their way to the bank",
        where=f"exit = 'open' and {TIMED}",
        by=("method", "gateway", "currency"),
    ),
    "unsettled": replace(
        PAYMENTS,
        title="captured payments that have not settled",
        where="exit = 'open' and captured_at is not null",
        by=("method", "gateway", "currency"),
    ),
    "late": replace(
        PAYMENTS,
        title="payments that are or were late",
        columns=f"{PAYMENTS.columns}, cause",
        rows=LATE,
        by=("cause", "method", "gateway", "exit", "currency"),
    ),
    "paid_late": replace(
        DUE, title="payments that settled late, or are late", where="is_settlement_late"
    ),
    "paid_a_week_late": replace(
        DUE,
        title="payments that settled a week late, or are as late",
        where="is_settlement_timed_out",
    ),
    "attempts": ATTEMPTS,
    "authorized_attempts": replace(
        ATTEMPTS,
        title="payment attempts that were authorized",
        where="outcome = 'authorized'",
        by=("method", "gateway"),
        whole="count(*)",
        whole_noun="attempts",
    ),
    "failed_first": replace(
        FIRST_ATTEMPTS,
        title="first attempts that failed",
        where="outcome = 'failed'",
    ),
    "won_back": replace(
        FIRST_ATTEMPTS,
        title=f"failed first attempts that were made good within {RETRY_HOURS} hours",
        rows=f"{FIRST_ATTEMPTS.rows} and outcome = 'failed' and {IN_TIME} <= $as_of",
        where=f"recovered_at <= {IN_TIME}",
        whole_noun=f"failed first attempts whose {RETRY_HOURS} hours are over",
    ),
    "paid_in_the_end": replace(
        FIRST_ATTEMPTS,
        title="orders that were paid in the end, by their first attempt",
        where="order_id in (select order_id from marts.fct_payments "
        "where not starts_with(payment_id, 'cod:') "
        "and (authorized_at is not null or captured_at is not null))",
    ),
    "pending": CLAIMS,
    "refunds_waiting": replace(
        CLAIMS,
        title="refunds due and not started, late, or failed",
        noun="refund",
        where="class in ('refund_owed', 'refund_late', 'refund_failed')",
        number="count(*)",
        unit="",
    ),
    "owed": ORDERS,
    "settled": replace(
        ORDERS,
        title="orders whose money has settled",
        where="settled_amount <> 0",
        order="abs(settled_amount) desc, order_id",
        number="sum(settled_amount)",
    ),
    "outstanding": replace(
        ORDERS,
        title="orders with money outstanding",
        where="outstanding_amount <> 0",
        order="abs(outstanding_amount) desc, order_id",
        number="sum(outstanding_amount)",
    ),
    "residuals": replace(
        ORDERS,
        title="orders whose money leaves a residual",
        where="residual_amount <> 0",
        order="abs(residual_amount) desc, order_id",
        number="sum(residual_amount)",
    ),
    "entries": RowSet(
        "lines of the ledger",
        "line",
        "marts.fct_ledger_entries",
        "order_id, entry_id, entry_kind, account, currency, amount, payment_id, "
        "booked_date, booked_at",
        by=("account", "currency"),
        order="booked_at desc, line_id",
        day="booked_date",
        number="sum(amount)",
        unit="currency",
    ),
    "clearing": RowSet(
        "payments with a balance in clearing",
        "payment",
        "marts.ledger_clearing",
        "order_id, payment_id, method, gateway, currency, cause, balance_amount, "
        "disputed_amount, open_age_hours, opened_at, matures_at, is_mature",
        where="balance_amount <> 0",
        by=("cause", "currency", "gateway", "is_mature", "method"),
        order="abs(balance_amount) desc, payment_id",
        number="sum(balance_amount)",
        unit="currency",
    ),
}
