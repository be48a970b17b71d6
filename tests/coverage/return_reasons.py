"""Shares of units sent back for each reason, of months whose returns are all in.

Claimed for segments of at least 30 units returned, and for every reason of the
contract, those nobody gave included: a row that exists only where something was found
would claim the lucky ones. A reason that never happens in a segment has no truth there.

The naive share takes young months in, of which what is seen at once has come back and
faults have not, and has the usual interval, which is none where nothing was counted.
"""

from __future__ import annotations

from tests.coverage.estimates import Estimate, Z, by_segment

SEGMENTS = {
    "all": "'all / ' || reason",
    "category": "category || ' / ' || reason",
}

# the process is the same in every month, and truth knows what comes back in the end
TRUE_UNITS = """
    select
        category,
        stated_reason as reason,
        quantity,
        sum(quantity) over (partition by category) as category_units,
        sum(quantity) over () as all_units
    from returns
    where received_at is not null
        and not is_test
        and not is_synthetic
"""

SHARES = Estimate(
    name="return reason",
    unit="share",
    published="""
        select
            segment_type,
            segment || ' / ' || reason as segment,
            null::bigint as age,
            reason_share as estimate,
            lower,
            upper
        from metrics.return_reason_shares
        where is_rankable
    """,
    truth=f"""
        select
            segment_type,
            segment,
            null::bigint as age,
            sum(quantity) / any_value(units) as truth
        from ({
        by_segment(
            TRUE_UNITS,
            SEGMENTS,
            "quantity, case segment_type when 'all' then all_units "
            "else category_units end as units",
        )
    })
        group by segment_type, segment
    """,
    naive=f"""
        select
            segment_type,
            segment || ' / ' || reason as segment,
            naive_share as estimate,
            naive_share - {Z} * sqrt(
                naive_share * (1 - naive_share) / young_segment_units
            ) as lower,
            naive_share + {Z} * sqrt(
                naive_share * (1 - naive_share) / young_segment_units
            ) as upper
        from metrics.return_reason_shares
    """,
    naively="young months in, symmetric interval",
)
