"""What names an order, a customer or anything of theirs, for sensitive readers only.

These are the columns that ``pii.yml`` and the contract call pseudonymous. A region, a
lane and a postal code narrow down and name nobody: viewers see their rates.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from dashboards.access import login
from dashboards.access.people import Level

NAMING: Final = frozenset(
    {
        "address_hash",
        "case_id",
        "change_id",
        "claim_id",
        "conflict_id",
        "customer_id",
        "customer_segment",
        "debt_id",
        "detail",
        "due_id",
        "entity_id",
        "entry_id",
        "exception_id",
        "exchange_group_id",
        "exported_by",
        "fact_id",
        "fact_key",
        "from_order_id",
        "fulfillment_order_id",
        "last_order_id",
        "line_id",
        "masked_line",
        "new_order_id",
        "order_id",
        "order_line_id",
        "payment_id",
        "promise_key",
        "refund_id",
        "rejected_id",
        "replaced_by_refund_id",
        "reservation_key",
        "resolved_customer_id",
        "retraction_event_id",
        "return_id",
        "return_line_id",
        "review_id",
        "shipment_id",
        "signal_id",
        "story_id",
        "subject_id",
        "ticket_id",
        "to_order_id",
        "validation_key",
        "violation_id",
    }
)

# views that show nothing else
NAMING_VIEWS: Final = frozenset(
    {"views/order.py", "views/customer.py", "views/lists.py"}
)


def may_see_names() -> bool:
    """Tell whether the reader may see which orders and customers it is about."""
    return login.level() is Level.SENSITIVE


def may_see(columns: Iterable[str]) -> bool:
    """Tell whether the reader may see rows with these columns."""
    return may_see_names() or NAMING.isdisjoint(columns)


def may_open(view: str) -> bool:
    """Tell whether the reader may open a view, by its file."""
    return may_see_names() or view not in NAMING_VIEWS
