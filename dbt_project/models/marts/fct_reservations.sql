{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- a new hour may push others into the next decile
{%- set moved_decile -%}
    open_rows.load_decile <> (
        select hours.load_decile
        from {{ ref('int_reservation_load') }} as hours
        where hours.requested_hour
            = date_trunc('hour', {{ store_time('open_rows.requested_at') }})
    )
{%- endset %}

with

tries as (

    select * from {{ ref('int_reservation_tries') }}
    where {{ is_affected('story_id', open_rows=moved_decile) }}

),

hours_by_load as (

    select * from {{ ref('int_reservation_load') }}

),

reservations as (

    select
        tries.reservation_key,
        tries.story_id,
        tries.order_id,
        tries.order_line_id,
        tries.sku,
        tries.location_id,
        tries.outcome,
        tries.reason_code,
        tries.release_cause,
        tries.fallback_location_id,
        tries.currency,
        tries.try_number,
        tries.quantity_requested,
        tries.quantity_reserved,
        case
            when tries.fallback_cost_minor is not null
                then {{ to_amount('tries.fallback_cost_minor', 'tries.currency') }}
        end as fallback_cost_amount,
        cast(
            (extract(isodow from {{ store_time('tries.requested_at') }}) - 1) * 24
            + extract(hour from {{ store_time('tries.requested_at') }})
            as bigint
        ) as hour_of_week,
        hours_by_load.load_decile,
        tries.is_after_capture,
        tries.is_missing_at_pick,
        tries.fell_back,
        tries.is_fallback_success,
        tries.requested_at,
        tries.reserved_at,
        tries.failed_at,
        tries.unavailable_at,
        tries.released_at,
        tries.answered_at

    from tries
    inner join hours_by_load
        on date_trunc('hour', {{ store_time('tries.requested_at') }})
            = hours_by_load.requested_hour

)

select * from reservations
