{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

{%- set promised = {
    'original': 'original_promise_at',
    'current': 'effective_promise_at',
} -%}

-- judged parcels of which a promise has passed since they were last judged
{%- set newly_missed -%}
    (open_rows.shipped_at is not null or open_rows.outcome <> 'open')
    and exists (
        select 1
        from {{ ref('stg_clock') }} as clock
        where
        {%- for promise in ('original', 'current') %}
            {{ 'or' if not loop.first }}
            open_rows.is_on_time_{{ promise }} is null
            and {{ store_date('clock.as_of') }}
            > {{ store_date('open_rows.' ~ promised[promise]) }}
            or open_rows.is_on_time_{{ promise }}_timestamp is null
            and clock.as_of > open_rows.{{ promised[promise] }}
        {%- endfor %}
    )
{%- endset %}

with

shipments as (

    select * from {{ ref('int_shipments') }}
    where {{ is_affected('story_id', open_rows=newly_missed) }}

),

promises as (

    select * from {{ ref('int_promises_in_force') }}

),

regions as (

    select * from {{ ref('regions') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

destinations as (

    select distinct
        destination_pincode,
        destination_country
    from shipments
    where destination_pincode is not null

),

-- 560 may be a city within the state of 56: the longest prefix knows best
destination_regions as (

    select
        destinations.destination_pincode,
        destinations.destination_country,
        {{ max_by('regions.region', 'length(regions.postal_prefix)') }} as region

    from destinations
    inner join regions
        on left(destinations.destination_pincode, length(regions.postal_prefix))
            = regions.postal_prefix
        and (
            regions.country_code is null
            or destinations.destination_country = regions.country_code
        )
    group by destinations.destination_pincode, destinations.destination_country

),

promised_shipments as (

    select
        shipments.*,
        coalesce(destination_regions.region, 'unknown') as destination_region,
        promises.original_promise_at,
        promises.current_promise_at,
        promises.effective_promise_at,
        coalesce(promises.promise_count, 0) as promise_count,
        clock.as_of,

        -- a false delivery kept nothing; a parcel that never left was never late
        case when shipments.outcome = 'delivered' then shipments.delivered_at end
            as handed_over_at,
        shipments.shipped_at is not null
            or shipments.outcome <> 'open' as is_judged

    from shipments
    left join promises
        on shipments.order_id = promises.order_id
        and shipments.shipment_id = promises.shipment_id
    left join destination_regions
        on shipments.destination_pincode = destination_regions.destination_pincode
        and shipments.destination_country
            is not distinct from destination_regions.destination_country
    cross join clock

),

judged_shipments as (

    select
        shipment_id,
        story_id,
        order_id,
        carrier,
        service,
        payment_mode,
        origin_location_id,
        destination_pincode,
        destination_region,
        outcome,
        cast(attempt_count as bigint) as attempt_count,
        cast(failed_attempt_count as bigint) as failed_attempt_count,
        cast(promise_count as bigint) as promise_count,
        {{ days_between('shipped_at', 'outcome_at') }} as shipped_to_outcome_days,
        {{ is_on_time_by_day('original_promise_at') }} as is_on_time_original,
        {{ is_on_time_by_day('effective_promise_at') }} as is_on_time_current,
        {{ is_on_time_by_instant('original_promise_at') }}
            as is_on_time_original_timestamp,
        {{ is_on_time_by_instant('effective_promise_at') }}
            as is_on_time_current_timestamp,
        false_delivery,
        is_label_cancelled,
        shipped_at,
        first_attempt_at,
        delivered_at,
        rto_initiated_at,
        rto_delivered_at,
        lost_at,
        outcome_at,
        original_promise_at,
        current_promise_at,
        effective_promise_at

    from promised_shipments

)

select * from judged_shipments
