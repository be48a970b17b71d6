{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

with

claim_events as (

    select
        *,
        occurred_at || lpad(cast(event_rank as varchar), 5, '0') || event_id
            as event_order,
        event_name in ('warranty_claim_approved', 'warranty_claim_denied')
            as is_decision

    from {{ ref('int_return_events') }}
    where {{ is_affected('story_id') }}
        and event_name like 'warranty_claim_%'

),

claims as (

    select
        claim_id,
        min(story_id) as story_id,
        min(order_id) as order_id,
        min(sku) as sku,
        min(quantity) filter (where event_name = 'warranty_claim_submitted')
            as quantity,
        min(reason_code) filter (where event_name = 'warranty_claim_submitted')
            as fault,
        {{ max_by('manufacturer_id', 'event_order') }}
            filter (where manufacturer_id is not null) as manufacturer_id,
        min(currency) as currency,
        min(refund_id) as refund_id,
        min(new_order_id) as new_order_id,

        -- the last decision wins; what was denied before stays to be seen
        {{ max_by('event_name', 'event_order') }} filter (where is_decision)
            as last_decision,
        {{ max_by('decided_by', 'event_order') }} filter (where is_decision)
            as decided_by,
        {{ max_by('reason_code', 'event_order') }} filter (where is_decision)
            as decision_reason,
        {{ min_by('reason_code', 'event_order') }}
            filter (where event_name = 'warranty_claim_denied') as first_denial_reason,
        count(*) filter (where event_name = 'warranty_claim_denied') as denial_count,
        {{ max_by('remedy', 'event_order') }}
            filter (where event_name = 'warranty_claim_approved') as approved_remedy,
        {{ max_by('amount_minor', 'event_order') }}
            filter (where event_name = 'warranty_claim_approved') as approved_minor,
        min(remedy) filter (where event_name = 'warranty_claim_resolved')
            as resolution,
        min(cost_minor) filter (where event_name = 'warranty_claim_resolved')
            as cost_minor,
        min(occurred_at) filter (where event_name = 'warranty_claim_submitted')
            as opened_at,
        min(occurred_at) filter (where event_name = 'warranty_claim_forwarded')
            as forwarded_at,
        min(occurred_at) filter (where event_name = 'warranty_claim_approved')
            as first_approved_at,
        min(occurred_at) filter (where event_name = 'warranty_claim_denied')
            as first_denied_at,
        max(occurred_at) filter (where is_decision) as decided_at,
        min(occurred_at) filter (where event_name = 'warranty_claim_resolved')
            as resolved_at

    from claim_events
    group by claim_id

),

warranty_claims as (

    select
        claim_id,
        story_id,
        order_id,
        sku,
        fault,
        case
            when resolved_at is not null then 'resolved'
            when last_decision = 'warranty_claim_approved' then 'approved'
            when last_decision = 'warranty_claim_denied' then 'denied'
            when forwarded_at is not null then 'forwarded'
            else 'submitted'
        end as stage,
        manufacturer_id,
        case last_decision
            when 'warranty_claim_approved' then 'approved'
            when 'warranty_claim_denied' then 'denied'
        end as decision,
        decided_by,
        decision_reason as reason,
        first_denial_reason,
        case when last_decision = 'warranty_claim_approved' then approved_remedy end
            as remedy,
        resolution,
        refund_id,
        new_order_id,
        currency,
        cast(quantity as bigint) as quantity,
        cast(denial_count as bigint) as denial_count,
        case
            when last_decision = 'warranty_claim_approved'
                and approved_minor is not null
                then {{ to_amount('approved_minor', 'currency') }}
        end as amount,
        case
            when cost_minor is not null
                then {{ to_amount('cost_minor', 'currency') }}
        end as cost_amount,
        {{ days_between('opened_at', 'decided_at') }} as opened_to_decided_days,
        denial_count > 0 and last_decision = 'warranty_claim_approved'
            as is_denial_overruled,
        opened_at,
        forwarded_at,
        first_approved_at,
        first_denied_at,
        decided_at,
        resolved_at

    from claims

)

select * from warranty_claims
