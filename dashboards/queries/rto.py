"""How many parcels come back undelivered, by age, carrier, payment mode and region."""

from __future__ import annotations

from dashboards.queries.reader import Query

SEGMENT_TYPES = (
    "payment_mode",
    "carrier",
    "region",
    "attempts",
    "ship_week",
    "pincode",
)

LONGEST_DAYS = 45


def curves(segment_type: str) -> Query:
    """Return the share returned by days since shipping, for the largest segments."""
    return Query(
        """
        with

        rankable as (

            select segment
            from metrics.rto_rates
            where segment_type = $segment_type and is_rankable
            order by shipped desc
            limit 6

        )

        select
            curves.segment,
            curves.age_days as days,
            curves.cif_rto as share,
            curves.cif_rto_lower as lower,
            curves.cif_rto_upper as upper
        from metrics.rto_curves as curves
        inner join rankable
            on curves.segment = rankable.segment
        where curves.segment_type = $segment_type and curves.age_days <= $longest_days
        order by curves.segment, days
        """,
        {"segment_type": segment_type, "longest_days": LONGEST_DAYS},
    )


def rates(segment_type: str) -> Query:
    """Return the rates of each segment, those big enough to compare first."""
    return Query(
        """
        select
            segment,
            shipped,
            rto,
            pct_resolved as resolved_share,
            matured_rate,
            shrunk_rate,
            lower,
            upper,
            naive_rate,
            is_rankable
        from metrics.rto_rates
        where segment_type = $segment_type
        order by
            is_rankable desc,
            case when segment_type = 'ship_week' then segment end desc,
            shrunk_rate desc nulls last,
            segment
        """,
        {"segment_type": segment_type},
    )


def rankable(segment_type: str) -> Query:
    """Return the shrunk rate and its interval where a segment is big enough."""
    return Query(
        """
        select segment, shrunk_rate, lower, upper, shipped
        from metrics.rto_rates
        where segment_type = $segment_type and is_rankable
        order by shrunk_rate desc, segment
        """,
        {"segment_type": segment_type},
    )


FATE = Query(
    """
    select age_days, cif_delivered, cif_rto, cif_lost, open_share
    from metrics.rto_curves
    where segment_type = 'all' and age_days <= $longest_days
    order by age_days
    """,
    {"longest_days": LONGEST_DAYS},
)

COSTS = Query(
    """
    select
        segment as payment_mode,
        currency,
        rto,
        costed_rto,
        cost_amount,
        cost_per_rto as cost_per_rto_amount,
        cost_coverage
    from metrics.rto_costs
    where segment_type = 'payment_mode' and rto > 0
    order by cost_amount desc nulls last, payment_mode, currency
    """
)
