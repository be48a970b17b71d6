{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

with

address_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and event_name in ('address_validated', 'address_validation_failed')

),

orders as (

    select * from {{ ref('int_orders_staged') }}
    where {{ is_affected('story_id') }}

),

parcels as (

    select
        order_id,
        min(shipped_at) as first_shipped_at,
        count(*) filter (where outcome = 'open') as open_count,
        count(*) filter (where outcome = 'delivered') as delivered_count,
        count(*) filter (where outcome = 'rto') as rto_count

    from {{ ref('fct_shipments') }}
    where {{ is_affected('story_id') }}
        and shipped_at is not null
    group by order_id

),

numbered_events as (

    select
        *,
        event_name = 'address_validated'
            and not is_manual_review_required as is_passed,
        row_number() over (
            partition by order_id order by occurred_at, event_rank, event_id
        ) as validation_number,
        min(
            case
                when event_name = 'address_validated'
                    and not is_manual_review_required
                    then occurred_at
            end
        ) over (
            partition by order_id
            order by occurred_at, event_rank, event_id
            rows between 1 following and unbounded following
        ) as next_passed_at

    from address_events

),

judged_events as (

    select
        numbered_events.order_id || ':' || numbered_events.validation_number
            as validation_key,
        numbered_events.story_id,
        numbered_events.order_id,
        numbered_events.address_hash,
        numbered_events.rule_version,
        numbered_events.provider,
        case
            when numbered_events.is_passed then 'passed'
            when numbered_events.event_name = 'address_validation_failed' then 'failed'
            else 'manual_review'
        end as outcome,
        numbered_events.failed_check,
        numbered_events.error_code,
        case
            when parcels.order_id is null and orders.is_cancelled then 'cancelled'
            when parcels.order_id is null then 'not_shipped'
            when parcels.open_count > 0 then 'open'
            when parcels.delivered_count > 0 then 'delivered'
            when parcels.rto_count > 0 then 'rto'
            else 'lost'
        end as later_outcome,
        numbered_events.validation_number,

        -- a failure names one check, and need not say how the others went
        coalesce(
            numbered_events.is_serviceable,
            case when numbered_events.failed_check = 'serviceability' then false end
        ) as is_serviceable,
        coalesce(
            numbered_events.is_normalized,
            case when numbered_events.failed_check = 'normalization' then false end
        ) as is_normalized,
        coalesce(
            numbered_events.is_carrier_compatible,
            case
                when numbered_events.failed_check = 'carrier_compatibility' then false
            end
        ) as is_carrier_compatible,
        coalesce(
            numbered_events.is_manual_review_required,
            case when numbered_events.failed_check = 'manual_review' then true end
        ) as needs_manual_review,
        coalesce(numbered_events.is_corrected, false) as is_changed_by_check,
        numbered_events.occurred_at as validated_at,
        case when not numbered_events.is_passed
            then numbered_events.next_passed_at
        end as corrected_at,
        parcels.first_shipped_at

    from numbered_events
    left join parcels
        on numbered_events.order_id = parcels.order_id
    left join orders
        on numbered_events.order_id = orders.order_id

),

validations as (

    select
        validation_key,
        story_id,
        order_id,
        address_hash,
        rule_version,
        provider,
        outcome,
        failed_check,
        error_code,
        later_outcome,
        validation_number,
        is_serviceable,
        is_normalized,
        is_carrier_compatible,
        needs_manual_review,
        is_changed_by_check,
        coalesce(
            outcome <> 'passed'
            and first_shipped_at > validated_at
            and (corrected_at is null or corrected_at > first_shipped_at), false
        ) as is_shipped_anyway,
        validated_at,
        corrected_at

    from judged_events

)

select * from validations
