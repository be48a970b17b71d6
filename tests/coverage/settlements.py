"""The time from capture, or delivery for cash, to settlement: percentiles and curve.

The true percentile is that of all spells begun in the period, the never settled and
those refunded or disputed before among them as never: the time at which the cumulative
incidence of settling comes up to the share. Where it never does there is none. The true
share unsettled at an hour is of the same spells.

Claimed for the segments of at least 30 payments, except weeks of capture in which the
youngest payment has not been watched for as long as the true percentile, or the hour.
Money is paid out on banking days, cash on one weekday; within one week, then, who was
captured first is both watched longest and on another road, and censoring is not
independent: there the curve's tail is Monday's. A bound where it should be NULL would
also be the only thing seen of such a week. Segments over the whole period are censored
at every age and mix all weekdays; they keep the claim.
"""

from __future__ import annotations

from tests.coverage.estimates import Estimate, Z, by_segment, week_of

SHARES = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95}

HOURS = (96, 168, 240)
"""Ages at which the curve is judged: earlier the open payments hardly matter, and the
naive share would pass for an honest one."""

LEAST_SHARE = 0.05
"""The curve is judged where at least this share has settled, and has not: below it a
segment of thirty has seen nobody settle, and a band without a bound always covers."""

SEGMENTS = {
    "all": "'all'",
    "method": "method",
    "gateway": "gateway",
    "capture_week": week_of("began_at"),
}

# a refund that names no payment is of the order's latest capture: the cash, if any
GIVEN_BACK = """
    select
        seed,
        order_id,
        destination = 'original_method' as names_payment,
        completed_at,
        sum(amount_minor) over (
            partition by seed, order_id, destination = 'original_method'
            order by completed_at
        ) as given_minor
    from refunds
    where completed_at is not null
"""

TRUE_SPELLS = f"""
    select
        *,
        coalesce(
            date_diff('second', began_at, settled_at) / 3600.0, 'infinity'::double
        ) as hours
    from (
        select
            method,
            gateway,
            captured_at as began_at,
            case
                when settled_at <= coalesce(
                    least(refunded_at, disputed_at, (
                        select min(completed_at)
                        from ({GIVEN_BACK}) as back
                        where back.seed = captures.seed
                            and back.order_id = captures.order_id
                            and (back.names_payment or not has_cash)
                            and back.given_minor >= captures.amount_minor
                    )), settled_at
                )
                    then settled_at
            end as settled_at
        from (
            select
                *,
                (seed, order_id) in (
                    select (seed, order_id) from parcels where cash_minor > 0
                ) as has_cash
            from captures
        ) as captures
        where not is_test and not is_synthetic

        union all

        -- cash: a parcel handed over, whose money the courier pays out
        select
            'cod' as method,
            carrier as gateway,
            delivered_at as began_at,
            case
                when remitted_at <= coalesce((
                    select min(completed_at)
                    from ({GIVEN_BACK}) as back
                    where back.seed = parcels.seed
                        and back.order_id = parcels.order_id
                        and not back.names_payment
                        and back.given_minor >= parcels.cash_minor
                ), remitted_at)
                    then remitted_at
            end as settled_at
        from parcels
        where not is_test
            and not is_synthetic
            and cash_minor > 0
            and delivered_at is not null
            and not is_false_delivery
    )
"""

# completed spells alone, as a dashboard would list them
COMPLETED = """
    select
        method,
        gateway,
        settlement_clock_started_at as began_at,
        captured_to_settled_hours as hours
    from marts.fct_payments
    where exit = 'settled'
"""


def percentile(name: str) -> Estimate:
    """Describe one percentile of the time to settlement, in hours."""
    share = SHARES[name]
    return Estimate(
        name=f"settlement {name}",
        unit="hours",
        published=f"""
            select
                segment_type,
                segment,
                null::bigint as age,
                {name}_hours as estimate,
                {name}_lower_hours as lower,
                {name}_upper_hours as upper
            from metrics.settlement_times
            where is_rankable
        """,
        truth=f"""
            select
                segment_type,
                segment,
                null::bigint as age,
                case
                    when isfinite(percentile)
                        and (
                            segment_type <> 'capture_week'
                            or percentile <= youngest_hours
                        )
                        then percentile
                end as truth
            from (
                select
                    segment_type,
                    segment,
                    quantile_disc(hours, {share}) as percentile,
                    min(date_diff('second', began_at, as_of)) / 3600 as youngest_hours
                from ({by_segment(TRUE_SPELLS, SEGMENTS, "began_at, hours")})
                cross join clock
                where began_at < as_of
                group by segment_type, segment
            )
        """,
        # distribution-free: the order statistics between which the percentile lies
        # in 95 % of samples, by the normal approximation of the binomial
        naive=f"""
            select
                segment_type,
                segment,
                quantile_cont(hours, {share}) as estimate,
                list(hours order by hours)[greatest(1, floor(
                    count(*) * {share}
                    - {Z} * sqrt(count(*) * {share} * (1 - {share}))
                )::bigint)] as lower,
                list(hours order by hours)[1 + ceil(
                    count(*) * {share}
                    + {Z} * sqrt(count(*) * {share} * (1 - {share}))
                )::bigint] as upper
            from ({by_segment(COMPLETED, SEGMENTS, "hours")})
            group by segment_type, segment
        """,
    )


def unsettled(hours: int) -> Estimate:
    """Describe the share of payments not settled by an age, in whole hours."""
    return Estimate(
        name=f"unsettled at {hours} h",
        unit="share",
        # beyond a segment's last row nobody has been watched, unless nobody is open
        published=f"""
            select
                segment_type,
                segment,
                {hours}::bigint as age,
                arg_max(survival, hours) as estimate,
                arg_max_null(lower, hours) as lower,
                arg_max_null(upper, hours) as upper
            from (
                select *, max(hours) over (partition by segment_type, segment) as last
                from metrics.settlement_curves
            )
            inner join (
                select segment_type, segment, is_rankable, open
                from metrics.settlement_times
            ) using (segment_type, segment)
            where is_rankable and hours <= {hours} and (last >= {hours} or open = 0)
            group by segment_type, segment
        """,
        truth=f"""
            select
                segment_type,
                segment,
                {hours}::bigint as age,
                case
                    when share between {LEAST_SHARE} and {1 - LEAST_SHARE}
                        and (
                            segment_type <> 'capture_week'
                            or {hours} <= youngest_hours
                        )
                        then share
                end as truth
            from (
                select
                    segment_type,
                    segment,
                    avg((hours > {hours})::int) as share,
                    min(date_diff('second', began_at, as_of)) / 3600 as youngest_hours
                from ({by_segment(TRUE_SPELLS, SEGMENTS, "began_at, hours")})
                cross join clock
                where began_at < as_of
                group by segment_type, segment
            )
        """,
        naive=f"""
            select
                segment_type,
                segment,
                avg((hours > {hours})::int) as estimate,
                estimate - {Z} * sqrt(estimate * (1 - estimate) / count(*)) as lower,
                estimate + {Z} * sqrt(estimate * (1 - estimate) / count(*)) as upper
            from ({by_segment(COMPLETED, SEGMENTS, "hours")})
            group by segment_type, segment
        """,
    )


# the mean of what has settled, as it is reported everywhere, of what will have
_MEAN = f"""
    select
        segment_type,
        segment,
        null::bigint as age,
        avg(hours) as estimate,
        estimate - {Z} * stddev(hours) / sqrt(count(*)) as lower,
        estimate + {Z} * stddev(hours) / sqrt(count(*)) as upper
    from ({by_segment(COMPLETED, SEGMENTS, "hours")})
    group by segment_type, segment
    having count(*) >= 30
"""

NAIVE_MEAN = Estimate(
    name="settlement mean, open spells dropped",
    unit="hours",
    published=_MEAN,
    truth=f"""
        select segment_type, segment, null::bigint as age, avg(hours) as truth
        from ({by_segment(TRUE_SPELLS, SEGMENTS, "began_at, hours")})
        cross join clock
        where began_at < as_of and isfinite(hours)
        group by segment_type, segment
    """,
    naive=f"select * exclude (age) from ({_MEAN})",
)
