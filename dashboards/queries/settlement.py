"""How long captured money takes to arrive."""

from __future__ import annotations

from dashboards.queries.reader import Query

SEGMENT_TYPES = ("method", "gateway", "capture_week")


def curves(segment_type: str, *, days: int) -> Query:
    """Return the share settled by hours since capture, for segments big enough."""
    return Query(
        """
        with

        rankable as (

            select segment
            from metrics.settlement_times
            where segment_type = $segment_type and is_rankable
            order by payments desc
            limit 6

        )

        select
            curves.segment,
            curves.hours / 24 as days,
            1 - curves.survival as share,
            1 - curves.upper as lower,
            1 - curves.lower as upper,
            curves.at_risk
        from metrics.settlement_curves as curves
        inner join rankable
            on curves.segment = rankable.segment
        where curves.segment_type = $segment_type and curves.hours <= 24 * $days
        order by curves.segment, curves.hours
        """,
        {"segment_type": segment_type, "days": days},
    )


def times(segment_type: str) -> Query:
    """Return the percentiles of each segment, the honest beside the naive p90."""
    return Query(
        """
        select
            segment,
            payments,
            settled,
            open,
            competing,
            p50_hours / 24 as p50_days,
            p90_hours / 24 as p90_days,
            p90_lower_hours / 24 as p90_from_days,
            p90_upper_hours / 24 as p90_to_days,
            p95_hours / 24 as p95_days,
            naive_p90_hours / 24 as naive_p90_days,
            delay_rate,
            timeout_rate,
            is_rankable
        from metrics.settlement_times
        where segment_type = $segment_type
        order by
            is_rankable desc,
            case when segment_type = 'capture_week' then segment end desc,
            p90_hours desc nulls first,
            segment
        """,
        {"segment_type": segment_type},
    )


ALL = Query(
    "select * from metrics.settlement_times where segment_type = 'all'",
)

# What is known of why, the most telling first. Every payment that is or was late
# counts once, so the causes add up to the payments paid out late.
DELAYS_BY_CAUSE = Query(
    """
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

    ),

    late as (

        select
            case
                when payments.disputed_at is not null then 'disputed'
                when told.is_transfer_failed then 'bank_transfer_failed'
                when told.is_taken_back then 'taken_back_by_the_bank'
                when payments.exit = 'refunded' then 'refunded_before_it_came'
                when payments.method = 'cod' then 'courier_remits_late'
                when payments.exit = 'open' then 'no_word_of_it_yet'
                else 'paid_out_late_without_a_reason'
            end as cause,
            payments.exit,
            payments.is_settlement_timed_out,
            payments.open_age_hours
        from marts.fct_payments as payments
        left join told
            on payments.payment_id = told.payment_id
        where payments.captured_at is not null and payments.is_settlement_late

    )

    select
        cause,
        count(*) as late_payments,
        count(*) filter (where is_settlement_timed_out) as timed_out_payments,
        count(*) filter (where exit = 'open') as open_payments,
        max(open_age_hours) filter (where exit = 'open') / 24 as oldest_days
    from late
    group by cause
    order by late_payments desc, cause
    """
)

LATE_BY_GATEWAY = Query(
    """
    select
        coalesce(gateway, 'unknown') as gateway,
        currency,
        count(*) as late_payments,
        count(*) filter (where is_settlement_timed_out) as timed_out_payments,
        sum(captured_amount - refunded_amount - settled_gross_amount)
            as outstanding_amount,
        max(open_age_hours) / 24 as oldest_days
    from marts.fct_payments
    where exit = 'open' and captured_at is not null and is_settlement_late
    group by 1, 2
    order by late_payments desc, gateway, currency
    """
)
