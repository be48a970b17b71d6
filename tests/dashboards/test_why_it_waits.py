"""Why money comes late, and which lines wait: each thing counts once."""

from __future__ import annotations

from pathlib import Path

from dashboards.queries import settlement
from dashboards.queries.reader import frame
from dashboards.queries.row_sets import counted, rows_behind
from tests.dashboards.small_shop import publish

LATE = """
    insert into marts.fct_payments by name
    select
        name as payment_id,
        method,
        exit,
        timestamptz '2026-03-01 00:00+00' as captured_at,
        disputed_at,
        coalesce(is_late, true) as is_settlement_late,
        false as is_settlement_timed_out,
        case when exit = 'open' then 48.0 end as open_age_hours
    from (
        values
        ('w-bank', 'upi', 'settled', null::timestamptz, true),
        ('w-back', 'upi', 'open', null, true),
        ('w-quarrel', 'card', 'open', timestamptz '2026-03-02 00:00+00', true),
        ('w-courier', 'cod', 'settled', null, true),
        ('w-silent', 'card', 'open', null, true),
        ('w-slow', 'card', 'settled', null, true),
        ('w-refund', 'card', 'refunded', null, true),
        ('w-prompt', 'card', 'settled', null, false)
    ) as planted (name, method, exit, disputed_at, is_late)
"""

TOLD = """
    insert into marts.events by name
    select
        name || event_name as event_id,
        event_name,
        name as entity_id,
        is_retracted,
        timestamptz '2026-03-05 00:00+00' as occurred_at
    from (
        values
        ('w-bank', 'payment_settlement_failed', false),
        ('w-bank', 'payment_settlement_reversed', false),
        ('w-quarrel', 'payment_settlement_failed', false),
        ('w-back', 'payment_settlement_reversed', false),
        ('w-slow', 'payment_settlement_failed', true),
        ('w-prompt', 'payment_settlement_failed', false)
    ) as told (name, event_name, is_retracted)
"""


def test_each_late_payment_has_one_cause(published_folder: Path) -> None:
    version = publish(
        published_folder, "one", "delete from marts.fct_payments", LATE, TOLD
    )
    found = frame(version, settlement.DELAYS_BY_CAUSE).set_index("cause")

    assert found["late_payments"].to_dict() == {
        "bank_transfer_failed": 1,
        "taken_back_by_the_bank": 1,
        "disputed": 1,
        "courier_remits_late": 1,
        "no_word_of_it_yet": 1,
        "paid_out_late_without_a_reason": 1,
        "refunded_before_it_came": 1,
    }
    assert found["open_payments"].sum() == 3
    assert found.loc["no_word_of_it_yet", "oldest_days"] == 2


LINES = """
    insert into marts.fct_order_lines by name
    select
        order_id || sku as order_line_id,
        order_id,
        sku,
        5 as quantity,
        shipped as quantity_shipped,
        cancelled as quantity_cancelled
    from (
        values
        ('ORD-008', 'half', 2, 1),
        ('ORD-008', 'whole', 0, 0),
        ('ORD-009', 'gone', 5, 0),
        ('ORD-009', 'called-off', 0, 5),
        ('ORD-010', 'closed', 0, 0)
    ) as planted (order_id, sku, shipped, cancelled)
"""


def test_a_line_waits_for_what_is_neither_gone_nor_called_off(
    published_folder: Path,
) -> None:
    version = publish(
        published_folder,
        "one",
        "delete from marts.fct_order_lines",
        "update marts.fct_orders set stage = 'closed' where order_id = 'ORD-010'",
        LINES,
    )
    lines = frame(version, rows_behind(version, "backlog", {}))
    waiting = lines.set_index("sku")["waiting_units"]

    assert waiting.to_dict() == {"half": 2, "whole": 5}
    assert counted(version, "backlog", {}).number == {"": 7}
