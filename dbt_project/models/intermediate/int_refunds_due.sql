{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- What makes money owed back, whether or not anybody has ordered it back yet. Goodwill
-- and a lowered price are owed once somebody grants them, and stand in no row here.
with

order_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}

),

payment_events as (

    select * from {{ ref('int_payment_events') }}
    where {{ is_affected('story_id') }}

),

return_events as (

    select
        *,
        occurred_at || lpad(cast(event_rank as varchar), 5, '0') || event_id
            as event_order

    from {{ ref('int_return_events') }}
    where {{ is_affected('story_id') }}

),

returns as (

    select * from {{ ref('fct_returns') }}
    where {{ is_affected('story_id') }}

),

shipments as (

    select * from {{ ref('int_shipments') }}
    where {{ is_affected('story_id') }}

),

line_values as (

    select * from {{ ref('int_line_values') }}
    where {{ is_affected('story_id') }}

),

called_off as (

    select * from {{ ref('int_cancellations') }}
    where {{ is_affected('story_id') }}

),

totals as (

    select
        order_id,
        min(currency) as currency,
        min(total_minor) as total_minor

    from order_events
    where event_name = 'order_placed'
    group by order_id

),

captures as (

    select
        story_id,
        order_id,
        currency,
        amount_minor,
        occurred_at as captured_at,
        coalesce(is_partial, false) as is_partial,
        event_id

    from payment_events
    where event_name = 'payment_captured'

),

cancellations as (

    select
        cancelled.event_id,
        min(cancelled.story_id) as story_id,
        min(cancelled.order_id) as order_id,
        min(cancelled.order_line_id) as order_line_id,
        min(cancelled.refund_due_minor) as refund_due_minor,
        min(cancelled.occurred_at) as due_at,
        min(captures.currency) as captured_currency,
        coalesce(
            sum(captures.amount_minor)
                filter (where captures.captured_at <= cancelled.occurred_at), 0
        ) as captured_minor,

        -- of an order that nobody reported placing, all that is known
        bool_or(
            cancelled.order_line_id is null
            and cancelled.quantity is null
            and not coalesce(cancelled.is_partial, false)
        ) as is_unlimited

    from order_events as cancelled
    left join captures
        on cancelled.order_id = captures.order_id
    where cancelled.event_name = 'order_cancelled'
    group by cancelled.event_id

),

priced_cancellations as (

    select
        cancellations.*,
        coalesce(totals.currency, cancellations.captured_currency) as currency,
        coalesce(totals.total_minor, cancellations.captured_minor) as total_minor,
        coalesce(
            called_off.is_whole, totals.order_id is null and cancellations.is_unlimited
        ) as is_whole,
        coalesce(
            nullif(cancellations.refund_due_minor, 0), called_off.cancelled_minor, 0
        ) as named_minor

    from cancellations
    left join totals
        on cancellations.order_id = totals.order_id
    left join called_off
        on cancellations.event_id = called_off.event_id

),

running_cancellations as (

    select
        *,
        coalesce(
            sum(case when is_whole then total_minor else named_minor end) over (
                partition by order_id
                order by due_at, event_id
                rows between unbounded preceding and 1 preceding
            ), 0
        ) as cancelled_before_minor

    from priced_cancellations

),

-- the whole order is what is left of it
valued_cancellations as (

    select
        *,
        case
            when is_whole then greatest(total_minor - cancelled_before_minor, 0)
            else named_minor
        end as value_minor

    from running_cancellations

),

-- what was not paid yet is called off first: only what was taken beyond the rest of
-- the order is owed back
cancelled_dues as (

    select
        'cancellation:' || event_id as due_id,
        story_id,
        order_id,
        'cancellation' as cause,
        order_line_id as thing_id,
        cast(null as varchar) as refund_id,
        currency,
        coalesce(
            refund_due_minor,
            least(
                value_minor,
                greatest(
                    captured_minor - total_minor + cancelled_before_minor + value_minor,
                    0
                )
            )
        ) as amount_minor,
        value_minor,
        captured_minor > 0 as is_owed,
        due_at

    from valued_cancellations

),

return_terms as (

    select
        return_line_id,
        bool_or(coalesce(is_instant, false)) filter (
            where event_name = 'return_resolved'
        ) as is_instant,
        min(refund_id) filter (where event_name = 'return_resolved') as refund_id,
        {{ max_by('requested_outcome', 'event_order') }}
            filter (where requested_outcome is not null) as requested_outcome,
        coalesce(
            min(amount_minor) filter (where event_name = 'return_resolved'),
            min(amount_minor) filter (where event_name = 'return_initiated')
        ) as amount_minor,
        min(currency) filter (where event_name like 'return_%') as currency

    from return_events
    where return_line_id is not null
    group by return_line_id

),

-- what stays with the customer is owed once the return is resolved
returned_dues as (

    select
        'return:' || returns.return_line_id as due_id,
        returns.story_id,
        returns.order_id,
        'return' as cause,
        returns.return_line_id as thing_id,
        return_terms.refund_id,
        coalesce(return_terms.currency, totals.currency) as currency,
        coalesce(
            return_terms.amount_minor,
            round(
                coalesce(nullif(returns.received_quantity, 0), returns.quantity)
                * line_values.unit_minor
            )
        ) as amount_minor,
        returns.kind = 'return'
        and returns.denied_at is null
        and coalesce(returns.outcome, return_terms.requested_outcome, 'refund')
            in ('refund', 'unknown') as is_owed,
        case
            when return_terms.is_instant then returns.resolved_at
            else coalesce(returns.received_at, returns.resolved_at)
        end as due_at

    from returns
    inner join return_terms
        on returns.return_line_id = return_terms.return_line_id
    left join totals
        on returns.order_id = totals.order_id
    left join line_values
        on returns.order_line_id = line_values.order_line_id

),

parcel_lines as (

    select * from {{ ref('int_parcel_lines') }}
    where {{ is_affected('story_id') }}

),

parcel_values as (

    select
        parcel_lines.shipment_id,
        round(sum(parcel_lines.quantity * line_values.unit_minor)) as amount_minor

    from parcel_lines
    inner join line_values
        on parcel_lines.order_line_id = line_values.order_line_id
    group by parcel_lines.shipment_id

),

-- a lost parcel dates the refund that names it; whether it is owed, a claim decides
parcel_dues as (

    select
        case
            when shipments.rto_delivered_at is not null then 'rto:'
            else 'lost:'
        end || shipments.shipment_id as due_id,
        shipments.story_id,
        shipments.order_id,
        case
            when shipments.rto_delivered_at is not null then 'rto'
            else 'item_not_received'
        end as cause,
        shipments.shipment_id as thing_id,
        cast(null as varchar) as refund_id,
        totals.currency,
        coalesce(parcel_values.amount_minor, totals.total_minor) as amount_minor,
        shipments.rto_delivered_at is not null
        and shipments.outcome = 'rto'
        and shipments.payment_mode = 'prepaid' as is_owed,
        coalesce(shipments.rto_delivered_at, shipments.lost_at) as due_at

    from shipments
    left join totals
        on shipments.order_id = totals.order_id
    left join parcel_values
        on shipments.shipment_id = parcel_values.shipment_id

),

claims as (

    select
        return_events.claim_id,
        min(return_events.story_id) as story_id,
        min(return_events.order_id) as order_id,
        bool_or(return_events.event_name like 'warranty_claim_%') as is_warranty,
        min(return_events.sku) as sku,
        min(return_events.quantity) as quantity,
        min(return_events.refund_id) as refund_id,
        min(return_events.currency) as currency,
        {{ max_by('return_events.remedy', 'return_events.event_order') }}
            filter (where return_events.remedy is not null) as remedy,
        min(return_events.resolution) as resolution,
        coalesce(
            min(return_events.loss_minor),
            min(return_events.amount_minor)
        ) as amount_minor,
        {{ max_by('return_events.event_name', 'return_events.event_order') }} filter (
            where return_events.event_name in (
                'warranty_claim_approved', 'warranty_claim_denied'
            )
        ) as decision,
        min(return_events.occurred_at) filter (
            where return_events.event_name = 'warranty_claim_approved'
        ) as approved_at,
        min(return_events.occurred_at) filter (
            where return_events.event_name = 'item_not_received_resolved'
        ) as resolved_at

    from return_events
    where return_events.claim_id is not null
    group by return_events.claim_id

),

sku_values as (

    select
        order_id,
        sku,
        min(unit_minor) as unit_minor

    from line_values
    group by order_id, sku

),

claimed_dues as (

    select
        'claim:' || claims.claim_id as due_id,
        claims.story_id,
        claims.order_id,
        case when claims.is_warranty then 'warranty' else 'item_not_received' end
            as cause,
        claims.claim_id as thing_id,
        claims.refund_id,
        coalesce(claims.currency, totals.currency) as currency,
        coalesce(
            claims.amount_minor,
            round(coalesce(claims.quantity, 1) * sku_values.unit_minor)
        ) as amount_minor,
        case
            when claims.is_warranty
                then claims.decision = 'warranty_claim_approved'
                    and coalesce(claims.remedy, 'none') = 'refund'
            else coalesce(claims.resolution, 'other') in ('refund', 'split_loss')
        end as is_owed,
        case when claims.is_warranty then claims.approved_at else claims.resolved_at end
            as due_at

    from claims
    left join totals
        on claims.order_id = totals.order_id
    left join sku_values
        on claims.order_id = sku_values.order_id
        and claims.sku = sku_values.sku

),

-- what is owed for an exchange is what the new thing costs less
exchanged_dues as (

    select
        'exchange:' || exchange_group_id as due_id,
        story_id,
        order_id,
        'exchange_difference' as cause,
        return_line_id as thing_id,
        cast(null as varchar) as refund_id,
        currency,
        -price_delta_minor as amount_minor,
        true as is_owed,
        occurred_at as due_at

    from return_events
    where event_name = 'exchange_completed'
        and price_delta_minor < 0

),

-- parts of one capture are no duplicates
numbered_captures as (

    select
        *,
        row_number() over (
            partition by order_id, is_partial order by captured_at, event_id
        ) as capture_number

    from captures

),

-- owed as what was paid too much, which the order's sums tell
duplicate_dues as (

    select
        'capture:' || event_id as due_id,
        story_id,
        order_id,
        'duplicate_payment' as cause,
        cast(null as varchar) as thing_id,
        cast(null as varchar) as refund_id,
        currency,
        amount_minor,
        false as is_owed,
        captured_at as due_at

    from numbered_captures
    where not is_partial
        and capture_number > 1

),

other_dues as (

    select * from returned_dues
    union all
    select * from parcel_dues
    union all
    select * from claimed_dues
    union all
    select * from exchanged_dues
    union all
    select * from duplicate_dues

),

dues as (

    select
        due_id,
        story_id,
        order_id,
        cause,
        thing_id,
        refund_id,
        currency,
        amount_minor,
        value_minor,
        is_owed,
        due_at
    from cancelled_dues

    union all

    select
        due_id,
        story_id,
        order_id,
        cause,
        thing_id,
        refund_id,
        currency,
        amount_minor,
        amount_minor as value_minor,
        is_owed,
        due_at
    from other_dues

),

refunds_due as (

    select
        due_id,
        story_id,
        order_id,
        cause,
        thing_id,
        refund_id,
        currency,
        cast(amount_minor as bigint) as amount_minor,
        cast(value_minor as bigint) as value_minor,
        is_owed,
        due_at

    from dues
    where due_at is not null

)

select * from refunds_due
