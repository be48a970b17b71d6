"""Shares of order lines that could not be reserved when asked for.

A line fails once in a load decile, and once in a day and location, however often it was
tried. Claimed for deciles and locations of at least 30 lines. The bounds of a location
are Wilson's over the published counts, as those of a decile are.

The naive figure is read off how lines stand now: a failure that a later try or another
location made good was none.
"""

from __future__ import annotations

from tests.coverage.estimates import ZONE, Estimate, wilson

LEAST_LINES = 30

TRUE_TRIES = f"""
    select
        seed,
        order_line_id,
        location_id,
        failed_at,
        (coalesce(reserved_at, failed_at) at time zone '{ZONE}')::date as answered_date,
        date_trunc('hour', coalesce(
            lag(coalesce(reserved_at, failed_at)) over (
                partition by seed, order_line_id order by requested_at
            ), placed_at
        ) at time zone '{ZONE}') as hour,
        least(reserved_at, failed_at) < (select as_of from clock) as is_answered
    from reservations
    where not is_test
        and not is_synthetic
        and placed_at < (select as_of from clock)
"""

# deciles of a shop's clock hours, by the tries asked for in them
TRUE_DECILES = f"""
    select
        tries.*,
        hours.load_decile
    from ({TRUE_TRIES}) as tries
    inner join (
        select
            seed,
            hour,
            ntile(10) over (partition by seed order by count(*), hour) as load_decile
        from ({TRUE_TRIES})
        group by seed, hour
    ) as hours using (seed, hour)
"""

LAST_TRIES = """
    select
        load_decile,
        location_id,
        try_outcome = 'failed' as is_failed
    from (
        select
            order_line_id,
            arg_max(load_decile, try_number) as load_decile,
            arg_max(location_id, try_number) as location_id,
            arg_max(outcome, try_number) as try_outcome
        from marts.fct_reservations
        where answered_at is not null
        group by order_line_id
    )
"""

FAILED = Estimate(
    name="reservation failed",
    unit="share",
    published=f"""
        select
            'load_decile' as segment_type,
            load_decile::varchar as segment,
            null::bigint as age,
            line_failure_rate as estimate,
            lower,
            upper
        from metrics.reservation_failures_by_load
        where lines_requested >= {LEAST_LINES}

        union all

        select segment_type, segment, null::bigint as age, estimate, lower, upper
        from ({
        wilson(
            '''
            select
                'location' as segment_type,
                location_id as segment,
                sum(lines_failed) as k,
                sum(lines_requested) as n
            from metrics.reservation_failures
            group by location_id
            '''
        )
    })
        where n >= {LEAST_LINES}
    """,
    truth=f"""
        select
            'load_decile' as segment_type,
            load_decile::varchar as segment,
            null::bigint as age,
            avg(has_failed::int) as truth
        from (
            select
                seed,
                load_decile,
                order_line_id,
                bool_or(failed_at is not null) as has_failed
            from ({TRUE_DECILES})
            where is_answered
            group by seed, load_decile, order_line_id
        )
        group by load_decile

        union all

        select
            'location' as segment_type,
            location_id as segment,
            null::bigint as age,
            avg(has_failed::int) as truth
        from (
            select
                seed,
                location_id,
                order_line_id,
                answered_date,
                bool_or(failed_at is not null) as has_failed
            from ({TRUE_TRIES})
            where is_answered
            group by seed, location_id, order_line_id, answered_date
        )
        group by location_id
    """,
    naive=f"""
        select segment_type, segment, estimate, lower, upper
        from ({
        wilson(
            f'''
            select
                'load_decile' as segment_type,
                load_decile::varchar as segment,
                count_if(is_failed) as k,
                count(*) as n
            from ({LAST_TRIES})
            group by load_decile

            union all

            select
                'location' as segment_type,
                location_id as segment,
                count_if(is_failed) as k,
                count(*) as n
            from ({LAST_TRIES})
            group by location_id
            '''
        )
    })
    """,
    naively="how lines stand now",
)
