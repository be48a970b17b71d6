"""Shares of shipped parcels that go back to their origin.

``matured_rate`` claims the share gone back by the age it names, ``shrunk_rate`` the
share gone back by 30 days. Both are claimed for segments of at least 30 delivered or
returned parcels, except by number of attempts: how often a parcel is tried is known
only when it has ended, so that an open one is not yet in its segment. No PIN code has
30 parcels but the missing one, which is the region unknown.

A shrunk rate is pulled towards the others on purpose: its interval covers in the mean
over the segments, less often for the one that is like no other.
"""

from __future__ import annotations

from tests.coverage.estimates import Estimate, by_segment, week_of, wilson

MATURE_DAYS = 30
"""Age at which the warehouse reads a matured rate (``rto_maturity_days``)."""

SEGMENTS = {
    "all": "'all'",
    "carrier": "carrier",
    "region": "region",
    "payment_mode": "payment_mode",
    "ship_week": week_of("shipped_at"),
}

# the warehouse goes by whole days; a parcel that turned back was not delivered,
# whatever the courier claimed
TRUE_PARCELS = """
    select
        *,
        date_diff('second', shipped_at, rto_initiated_at) // 86400 as rto_days
    from parcels
    where not is_test and not is_synthetic
"""

SHIPPED = """
    select
        carrier,
        destination_region as region,
        payment_mode,
        shipped_at,
        outcome = 'rto' as is_rto
    from marts.fct_shipments
    where shipped_at is not null
"""

# Wilson's interval of the parcels back so far, of all that were shipped
NAIVE = f"""
    select segment_type, segment, estimate, lower, upper
    from ({
    wilson(
        f'''
        select segment_type, segment, count_if(is_rto) as k, count(*) as n
        from ({by_segment(SHIPPED, SEGMENTS, "is_rto")})
        group by segment_type, segment
        '''
    )
})
"""

MATURED = Estimate(
    name="rto matured",
    unit="share",
    published="""
        select
            segment_type,
            segment,
            matured_age_days as age,
            matured_rate as estimate,
            matured_lower as lower,
            matured_upper as upper
        from metrics.rto_rates
        where is_rankable
    """,
    truth=f"""
        select
            segment_type,
            segment,
            ages.age,
            count_if(rto_days <= ages.age) / count(*) as truth
        from ({by_segment(TRUE_PARCELS, SEGMENTS, "shipped_at, rto_days")})
        cross join (select unnest(range({MATURE_DAYS} + 1)) as age) as ages
        where shipped_at < (select as_of from clock)
        group by segment_type, segment, ages.age
    """,
    naive=NAIVE,
)

SHRUNK = Estimate(
    name="rto shrunk",
    unit="share",
    published="""
        select
            segment_type,
            segment,
            null::bigint as age,
            shrunk_rate as estimate,
            lower,
            upper
        from metrics.rto_rates
        where is_rankable
    """,
    truth=f"""
        select
            segment_type,
            segment,
            null::bigint as age,
            count_if(rto_days <= {MATURE_DAYS}) / count(*) as truth
        from ({by_segment(TRUE_PARCELS, SEGMENTS, "shipped_at, rto_days")})
        where shipped_at < (select as_of from clock)
        group by segment_type, segment
    """,
    naive=NAIVE,
)
