with

reservations as (

    select
        *,
        {{ store_date('answered_at') }} as date

    from {{ ref('fct_reservations') }}
    where answered_at is not null

),

-- a line tried again the same day at the same place asks once, and fails once
lines as (

    select
        date,
        sku,
        location_id,
        order_line_id,
        min(order_id) as order_id,
        count(*) as attempts,
        count(*) filter (where failed_at is not null) as attempts_failed,
        max(quantity_requested) as units_requested,
        coalesce(
            max(quantity_requested - quantity_reserved)
                filter (where failed_at is not null), 0
        ) as units_failed,
        bool_or(failed_at is not null) as has_failed,
        bool_or(
            is_after_capture and (failed_at is not null or is_missing_at_pick)
        ) as is_oversold,
        bool_or(fell_back) as has_fallen_back,
        bool_or(fell_back and is_fallback_success) as has_fallback_success

    from reservations
    group by date, sku, location_id, order_line_id

),

counts as (

    select
        date,
        sku,
        location_id,
        count(*) as lines_requested,
        count(*) filter (where has_failed) as lines_failed,
        count(distinct order_id) as orders_requested,
        count(distinct order_id) filter (where has_failed) as orders_failed,
        cast(sum(attempts) as bigint) as attempts,
        cast(sum(attempts_failed) as bigint) as attempts_failed,
        cast(sum(units_requested) as bigint) as units_requested,
        cast(sum(units_failed) as bigint) as units_failed,
        count(*) filter (where is_oversold) as oversold_lines,
        count(*) filter (where has_fallen_back) as fallback_lines,
        count(*) filter (where has_fallback_success) as fallback_success_lines

    from lines
    group by date, sku, location_id

),

reservation_failures as (

    select
        sku,
        location_id,
        lines_requested,
        lines_failed,
        orders_requested,
        orders_failed,
        attempts,
        attempts_failed,
        units_requested,
        units_failed,
        oversold_lines,
        fallback_lines,
        fallback_success_lines,
        cast(lines_failed as double) / lines_requested as line_failure_rate,
        {{ wilson_lower('lines_failed', 'lines_requested') }} as lower,
        {{ wilson_upper('lines_failed', 'lines_requested') }} as upper,
        cast(orders_failed as double) / nullif(orders_requested, 0)
            as order_failure_rate,
        cast(attempts_failed as double) / attempts as attempt_failure_rate,
        cast(units_failed as double) / nullif(units_requested, 0)
            as unit_failure_rate,
        lines_requested >= {{ var('rankable_from') }} as is_rankable,
        date

    from counts

)

select * from reservation_failures
