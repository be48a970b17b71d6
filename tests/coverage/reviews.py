"""Shares of asks for a review that are answered, by how long after delivery they went.

Claimed for stretches of at least 20 asks that had their days to be answered in, and for
what each is above all others, where the table compares them.

The naive figure counts reviews by the day they were written on: one asked for on the
day of delivery and written two days later speaks for asking then.
"""

from __future__ import annotations

from tests.coverage.estimates import ZONE, Estimate, wilson

LEAST_ASKS = 20
ANSWER_DAYS = 30

BUCKET = """
    case
        when {0} < 0 then 'before'
        when {0} < 2 then {0}::varchar
        when {0} < 5 then '2-4'
        when {0} < 8 then '5-7'
        when {0} < 15 then '8-14'
        when {0} < 22 then '15-21'
        when {0} < 31 then '22-30'
        else '31+'
    end
"""


def delay_between(first: str, second: str) -> str:
    """Return the bucket of the store days from one instant to another."""
    first, second = (
        f"({each} at time zone '{ZONE}')::date" for each in (first, second)
    )
    return BUCKET.format(f"({second} - {first})")


TRUE_ASKS = f"""
    select
        {delay_between("delivered_at", "asked_at")} as delay_bucket,
        response_probability
    from reviews
    where asked_at <= (select as_of from clock) - interval {ANSWER_DAYS} day
"""

ANSWERED = Estimate(
    name="review answered",
    unit="share",
    published=f"""
        select
            'delay_bucket' as segment_type,
            delay_bucket as segment,
            null::bigint as age,
            matured_rate as estimate,
            matured_lower as lower,
            matured_upper as upper
        from metrics.review_timing
        where matured_asked >= {LEAST_ASKS}

        union all

        select
            'effect' as segment_type,
            delay_bucket as segment,
            null::bigint as age,
            effect as estimate,
            effect_lower as lower,
            effect_upper as upper
        from metrics.review_timing
        where effect is not null
    """,
    truth=f"""
        with buckets as (
            select
                delay_bucket,
                sum(response_probability) as answered,
                count(*) as asked
            from ({TRUE_ASKS})
            group by delay_bucket
        )

        select
            'delay_bucket' as segment_type,
            delay_bucket as segment,
            null::bigint as age,
            answered / asked as truth
        from buckets

        union all

        select
            'effect' as segment_type,
            delay_bucket as segment,
            null::bigint as age,
            answered / asked
            - (sum(answered) over () - answered) / (sum(asked) over () - asked) as truth
        from buckets
    """,
    naive=f"""
        select segment_type, segment, estimate, lower, upper
        from ({
        wilson(
            f'''
            select
                'delay_bucket' as segment_type,
                asks.delay_bucket as segment,
                least(count(reviews.review_id), any_value(asks.asked)) as k,
                any_value(asks.asked) as n
            from metrics.review_timing as asks
            left join (
                select
                    reviews.review_id,
                    {delay_between("orders.last_delivered_at", "reviews.reviewed_at")}
                        as delay_bucket
                from marts.fct_reviews as reviews
                inner join marts.fct_orders as orders using (order_id)
            ) as reviews using (delay_bucket)
            where asks.asked > 0
            group by asks.delay_bucket
            '''
        )
    })
    """,
    naively="reviews by their own day",
)
