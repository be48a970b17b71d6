"""Shares of orders handed over by the day first promised.

Claimed for weeks of promised dates that are over, and for all of them together; the
bounds are Wilson's over the published counts, as those of a carrier's lane are.

The naive figure is of what was delivered: what is still on its way past its promise has
not been late yet.
"""

from __future__ import annotations

from tests.coverage.estimates import ZONE, Estimate, by_segment, week_of, wilson

LEAST_ORDERS = 30

SEGMENTS = {"all": "'all'", "week": "week"}

# an order is handed over with its last parcel; a false delivery handed over nothing
TRUE_ORDERS = f"""
    select
        {week_of("promises.due_at")} as week,
        (coalesce(
            parcels.received_at, case when parcels.order_id is null
                then stages.last_delivered_at end
        ) at time zone '{ZONE}')::date
        <= (promises.due_at at time zone '{ZONE}')::date as is_kept
    from promises
    inner join stages using (seed, order_id)
    left join (
        select
            seed,
            order_id,
            case when bool_and(received_at is not null) then max(received_at) end
                as received_at
        from parcels
        group by seed, order_id
    ) as parcels using (seed, order_id)
    where promises.revision_no = 0
        and not stages.is_test
        and not stages.is_synthetic
        and (stages.cancelled_at is null or stages.shipped_at is not null)
        and {week_of("promises.due_at")} + 7
        <= ((select as_of from clock) at time zone '{ZONE}')::date
"""

PUBLISHED = f"""
    select week, kept_original, promised
    from metrics.promise_kept
    where week + 7
        <= ((select as_of from staging.stg_clock) at time zone '{ZONE}')::date
"""

DELIVERED = f"""
    select {week_of("original_promise_at")} as week, is_on_time_original
    from marts.fct_shipments
    where outcome = 'delivered' and original_promise_at is not null
"""

KEPT = Estimate(
    name="promise kept",
    unit="share",
    published=f"""
        select segment_type, segment, null::bigint as age, estimate, lower, upper
        from ({
        wilson(
            f'''
            select
                segment_type,
                segment,
                sum(kept_original) as k,
                sum(promised) as n
            from ({by_segment(PUBLISHED, SEGMENTS, "kept_original, promised")})
            group by segment_type, segment
            '''
        )
    })
        where n >= {LEAST_ORDERS}
    """,
    truth=f"""
        select
            segment_type,
            segment,
            null::bigint as age,
            avg(coalesce(is_kept, false)::int) as truth
        from ({by_segment(TRUE_ORDERS, SEGMENTS, "is_kept")})
        group by segment_type, segment
    """,
    naive=f"""
        select segment_type, segment, estimate, lower, upper
        from ({
        wilson(
            f'''
            select
                segment_type,
                segment,
                count_if(is_on_time_original) as k,
                count(*) as n
            from ({by_segment(DELIVERED, SEGMENTS, "is_on_time_original")})
            group by segment_type, segment
            '''
        )
    })
    """,
    naively="what was delivered",
)
