"""Lists that marketing may use, their holdouts, and what came of them."""

from __future__ import annotations

from dashboards.queries.reader import Query

SIZES = Query(
    """
    select
        'review_asks' as name,
        count(*) as people,
        count(*) filter (where holdout_group = 'holdout') as held_out
    from marts.audience_review_due
    union all
    select
        'reorder_asks' as name,
        count(*) as people,
        count(*) filter (where holdout_group = 'holdout') as held_out
    from marts.audience_reorder_due
    """
)

READOUTS = Query(
    """
    select
        audience,
        week,
        treated,
        held_out,
        treated_rate,
        held_out_rate,
        lift,
        lower,
        upper,
        is_observed
    from metrics.audience_readouts
    order by week desc, audience
    """
)

EXPORTS = Query(
    """
    select
        audience,
        exported_at,
        exported_by,
        format,
        version,
        row_count,
        held_out_count,
        left_out_count
    from marts.audience_exports
    order by exported_at desc, audience
    """
)

PRIVACY = Query(
    """
    select kind, opened_at, due_at, closed_at, is_overdue
    from marts.privacy_clock
    order by closed_at is null desc, due_at
    """
)
