with

reservations as (

    select
        *,
        {{ store_date('answered_at') }} as date

    from {{ ref('fct_reservations') }}
    where answered_at is not null

),

-- as in reservation_failures: a line asks a day, a product and a place once
lines as (

    select
        date,
        order_id,
        bool_or(failed_at is not null) as has_failed,
        bool_or(
            is_after_capture and (failed_at is not null or is_missing_at_pick)
        ) as is_oversold

    from reservations
    group by date, sku, location_id, order_line_id, order_id

),

figures as (

    select
        'reservation_failure_rate' as metric,
        date,
        order_id,
        case when has_failed then 1 else 0 end as numerator,
        1 as denominator,
        1 as population
    from lines

    union all

    select
        'oversold_lines' as metric,
        date,
        order_id,
        case when is_oversold then 1 else 0 end as numerator,
        null as denominator,
        null as population
    from lines

)

select * from figures
