{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

with

story_events as (

    select
        *,
        occurred_at || lpad(cast(event_rank as varchar), 5, '0') || event_id
            as event_order

    from {{ ref('int_return_events') }}
    where {{ is_affected('story_id') }}

),

refunds as (

    select * from {{ ref('int_refunds') }}
    where {{ is_affected('story_id') }}

),

order_lines as (

    select * from {{ ref('int_order_lines') }}
    where {{ is_affected('story_id') }}

),

deliveries as (

    select * from {{ ref('int_line_deliveries') }}
    where {{ is_affected('story_id') }}

),

line_values as (

    select * from {{ ref('int_line_values') }}
    where {{ is_affected('story_id') }}

),

reason_groups as (

    select * from {{ ref('return_reason_groups') }}

),

product_variants as (

    select * from {{ ref('product_variants') }}

),

-- an exchange may name its return only once, or be named by it
exchange_groups as (

    select
        exchange_group_id,
        min(return_line_id) as return_line_id

    from story_events
    where exchange_group_id is not null
        and return_line_id is not null
    group by exchange_group_id
    having count(distinct return_line_id) = 1

),

return_events as (

    select
        story_events.*,
        coalesce(story_events.return_line_id, exchange_groups.return_line_id)
            as line_id

    from story_events
    left join exchange_groups
        on story_events.exchange_group_id = exchange_groups.exchange_group_id
    where coalesce(story_events.return_line_id, exchange_groups.return_line_id)
        is not null

),

return_lines as (

    select
        line_id as return_line_id,
        min(story_id) as story_id,
        min(return_id) as return_id,
        min(order_id) as order_id,
        min(order_line_id) as order_line_id,
        coalesce(
            min(sku) filter (where event_name = 'return_initiated'), min(sku)
        ) as sku,
        coalesce(
            min(quantity) filter (where event_name = 'return_initiated'),
            min(quantity) filter (where event_name like 'return_%')
        ) as quantity,
        min(quantity) filter (where event_name = 'return_received')
            as received_quantity,
        min(reason_code) filter (where event_name = 'return_initiated')
            as reason_code,
        min({{ json_text('raw_values', 'reason_code') }})
            filter (where event_name = 'return_initiated') as reason_replaced,
        {{ max_by('requested_outcome', 'event_order') }}
            filter (where requested_outcome is not null) as requested_outcome,
        {{ max_by('return_method', 'event_order') }}
            filter (where return_method is not null) as method,
        coalesce(
            min(channel) filter (where event_name = 'return_initiated'),
            {{ min_by('channel', 'event_order') }} filter (where channel is not null)
        ) as channel,
        min(currency) filter (where event_name like 'return_%') as currency,
        min(amount_minor) filter (where event_name = 'return_initiated')
            as asked_minor,

        -- the last decision wins, and so does the last inspection
        {{ max_by('event_name', 'event_order') }} filter (
            where event_name in ('return_approved', 'return_denied')
        ) as last_decision,
        max(occurred_at) filter (
            where event_name in ('return_approved', 'return_denied')
        ) as decided_at,
        {{ max_by('reason_code', 'event_order') }}
            filter (where event_name = 'return_denied') as denial_reason,
        min(occurred_at) filter (where event_name = 'return_denied')
            as first_denied_at,
        {{ min_by('reason_code', 'event_order') }}
            filter (where event_name = 'return_denied') as first_denial_reason,
        {{ max_by('override_rule', 'event_order') }} filter (
            where override_rule is not null
                and event_name in ('return_approved', 'return_denied')
        ) as override_rule,
        min(occurred_at) filter (where event_name = 'return_fraud_flagged')
            as flagged_at,
        {{ min_by('reason_code', 'event_order') }}
            filter (where event_name = 'return_fraud_flagged') as flag_reason,
        max(occurred_at) filter (where event_name = 'return_inspected')
            as inspected_at,
        {{ max_by("coalesce(found_reason_code, '')", 'event_order') }}
            filter (where event_name = 'return_inspected') as reason_found,
        {{ max_by('disposition', 'event_order') }}
            filter (where event_name = 'return_inspected') as disposition,
        {{ max_by('item_condition', 'event_order') }}
            filter (where event_name = 'return_inspected') as item_condition,
        {{ max_by('outcome', 'event_order') }}
            filter (where event_name = 'return_resolved') as outcome,
        min(refund_id) filter (where event_name = 'return_resolved')
            as resolved_refund_id,
        min(amount_minor) filter (where event_name = 'return_resolved')
            as resolved_minor,
        {{ max_by('new_sku', 'event_order') }} filter (
            where event_name in ('exchange_initiated', 'exchange_completed')
        ) as exchange_sku,
        {{ max_by('exchange_group_id', 'event_order') }}
            filter (where exchange_group_id is not null) as exchange_group_id,
        sum(price_delta_minor) filter (where event_name = 'exchange_completed')
            as exchange_delta_minor,
        sum(quantity) filter (where event_name = 'inventory_restocked')
            as restocked_quantity,
        bool_or(event_name = 'exchange_completed') as has_exchange,
        bool_or(event_name = 'exchange_initiated')
            and not bool_or(event_name = 'exchange_cancelled') as has_open_exchange,
        bool_or(event_name = 'exchange_cancelled') as has_cancelled_exchange,
        bool_or(event_name in ('return_cancelled', 'return_expired')) as has_lapsed,
        min(occurred_at) filter (where event_name = 'return_initiated')
            as initiated_at,
        min(occurred_at) filter (where event_name = 'return_shipped') as shipped_at,
        min(occurred_at) filter (where event_name = 'return_received')
            as received_at,
        max(occurred_at) filter (where event_name = 'return_resolved')
            as resolved_at,
        min(occurred_at) filter (where event_name = 'inventory_restocked')
            as restocked_at,
        max(occurred_at) filter (where event_name = 'exchange_completed')
            as exchanged_at

    from return_events
    group by line_id
    having bool_or(event_name like 'return_%')

),

-- portals name the product, not the line: one line of that product is that line
product_lines as (

    select
        order_id,
        sku,
        min(order_line_id) as order_line_id

    from order_lines
    group by order_id, sku
    having count(*) = 1

),

identified_lines as (

    select
        return_lines.*,
        coalesce(return_lines.order_line_id, product_lines.order_line_id)
            as identified_line_id

    from return_lines
    left join product_lines
        on return_lines.order_id = product_lines.order_id
        and return_lines.sku = product_lines.sku

),

-- who buys two sizes of one shirt means to send one back
bracketed_products as (

    select
        order_lines.order_id,
        product_variants.product_family

    from order_lines
    inner join product_variants
        on order_lines.sku = product_variants.sku
    group by order_lines.order_id, product_variants.product_family
    having count(distinct order_lines.sku) > 1

),

-- of several deliveries of the product the last one before the request is meant
last_deliveries as (

    select
        identified_lines.return_line_id,
        max(deliveries.delivered_at) as delivered_at

    from identified_lines
    inner join deliveries
        on identified_lines.order_id = deliveries.order_id
        and (
            identified_lines.identified_line_id = deliveries.order_line_id
            or (
                identified_lines.identified_line_id is null
                and identified_lines.sku = deliveries.sku
            )
        )
        and deliveries.delivered_at
            <= coalesce(identified_lines.initiated_at, identified_lines.received_at)
    group by identified_lines.return_line_id

),

-- either side may name the other, and one refund may pay for several lines
refund_links as (

    select
        return_line_id,
        refund_id
    from refunds
    where return_line_id is not null

    union

    select
        return_line_id,
        resolved_refund_id as refund_id
    from return_lines
    where resolved_refund_id is not null

),

links_per_refund as (

    select
        refund_id,
        count(*) as link_count

    from refund_links
    group by refund_id

),

refund_sums as (

    select
        refund_links.return_line_id,
        min(refunds.currency) as currency,
        sum(
            case
                when links_per_refund.link_count = 1 then refunds.amount_minor
                else return_lines.resolved_minor
            end
        ) as refunded_minor,
        min(refunds.completed_at) as refunded_at

    from refund_links
    inner join links_per_refund
        on refund_links.refund_id = links_per_refund.refund_id
    inner join refunds
        on refund_links.refund_id = refunds.refund_id
    inner join return_lines
        on refund_links.return_line_id = return_lines.return_line_id
    where refunds.completed_at is not null
    group by refund_links.return_line_id

),

sized_lines as (

    select
        *,
        case
            when has_exchange or outcome = 'exchange' then 'exchange'
            when (requested_outcome = 'exchange' or has_open_exchange)
                and resolved_at is null
                and not has_lapsed
                and coalesce(last_decision, 'none') <> 'return_denied'
                then 'exchange'
            else 'return'
        end as kind,
        cast(
            case
                when received_at is not null then coalesce(received_quantity, quantity)
                else 0
            end as bigint
        ) as units_received

    from identified_lines

),

-- worth what the shop said when it was asked, else its share of the order
valued_lines as (

    select
        sized_lines.*,
        coalesce(
            nullif(sized_lines.units_received, 0), sized_lines.quantity
        ) * coalesce(
            cast(sized_lines.asked_minor as double) / nullif(sized_lines.quantity, 0),
            line_values.unit_minor
        ) as value_minor

    from sized_lines
    left join line_values
        on sized_lines.identified_line_id = line_values.order_line_id

),

order_currencies as (

    select
        order_id,
        min(currency) as currency

    from order_lines
    group by order_id

),

returns as (

    select
        lines.return_line_id,
        lines.story_id,
        lines.return_id,
        lines.order_id,
        lines.identified_line_id as order_line_id,
        lines.sku,
        lines.kind,
        lines.reason_code,
        coalesce(reason_groups.reason_group, 'unknown') as reason_group,

        -- a code only: what a customer typed stays behind
        case
            when lines.reason_replaced similar to '[A-Za-z0-9_.-]{1,40}'
                then lines.reason_replaced
        end as reason_said,
        nullif(lines.reason_found, '') as reason_found,
        found_groups.reason_group as reason_found_group,
        coalesce(lines.method, 'unknown') as method,
        coalesce(lines.channel, 'unknown') as channel,
        case when lines.last_decision = 'return_denied' then lines.denial_reason end
            as denial_reason,
        lines.first_denial_reason,
        lines.override_rule,
        lines.flag_reason,
        lines.outcome,
        lines.disposition,
        lines.item_condition,
        coalesce(
            refund_sums.currency, lines.currency, order_currencies.currency
        ) as currency,
        case when lines.has_exchange or not lines.has_cancelled_exchange
            then lines.exchange_sku
        end as exchange_sku,
        lines.exchange_group_id,
        cast(lines.quantity as bigint) as quantity,
        lines.units_received as received_quantity,
        cast(coalesce(lines.restocked_quantity, 0) as bigint) as restocked_quantity,
        case
            when lines.value_minor is not null
                then {{ to_amount(
                    'round(lines.value_minor)',
                    'coalesce(lines.currency, order_currencies.currency)'
                ) }}
        end as value_amount,
        case
            when refund_sums.refunded_minor is not null
                then {{ to_amount(
                    'refund_sums.refunded_minor', 'refund_sums.currency'
                ) }}
        end as refund_amount,
        case
            when lines.has_exchange
                then {{ to_amount(
                    'coalesce(lines.exchange_delta_minor, 0)',
                    'coalesce(lines.currency, order_currencies.currency)'
                ) }}
        end as exchange_delta_amount,
        {{ days_between('last_deliveries.delivered_at', 'lines.initiated_at') }}
            as delivered_to_initiated_days,
        {{ hours_between('lines.received_at', 'refund_sums.refunded_at') }}
            as received_to_refund_hours,
        case
            when lines.inspected_at is not null
                then nullif(lines.reason_found, '') <> lines.reason_code
        end as is_reason_mismatch,
        lines.first_denied_at is not null
            and coalesce(lines.last_decision = 'return_approved', false)
            as is_denial_overruled,
        bracketed_products.order_id is not null as is_bracketed,

        -- scrapped, missing or left with the customer was never to be sold again
        refund_sums.refunded_at is not null
            and lines.restocked_at is null
            and coalesce(lines.disposition, 'unknown')
                not in ('not_restocked', 'missing')
            and coalesce(lines.method, 'unknown') <> 'keep_item'
            and coalesce(lines.outcome, 'other') <> 'keep_item'
            as is_refunded_not_restocked,

        -- paid back in goods or credit is paid back
        lines.restocked_at is not null
            and refund_sums.refunded_at is null
            and lines.kind = 'return'
            and coalesce(lines.outcome, 'none')
                not in ('store_credit', 'gift_card', 'repair')
            as is_restocked_not_refunded,
        last_deliveries.delivered_at,
        lines.initiated_at,
        lines.flagged_at,
        case when lines.last_decision = 'return_approved' then lines.decided_at end
            as approved_at,
        case when lines.last_decision = 'return_denied' then lines.decided_at end
            as denied_at,
        lines.first_denied_at,
        lines.shipped_at,
        lines.received_at,
        lines.inspected_at,
        lines.resolved_at,
        lines.exchanged_at,
        refund_sums.refunded_at,
        lines.restocked_at

    from valued_lines as lines
    left join reason_groups
        on lines.reason_code = reason_groups.reason_code
    left join reason_groups as found_groups
        on lines.reason_found = found_groups.reason_code
    left join product_variants
        on lines.sku = product_variants.sku
    left join bracketed_products
        on lines.order_id = bracketed_products.order_id
        and product_variants.product_family = bracketed_products.product_family
    left join order_currencies
        on lines.order_id = order_currencies.order_id
    left join last_deliveries
        on lines.return_line_id = last_deliveries.return_line_id
    left join refund_sums
        on lines.return_line_id = refund_sums.return_line_id

)

select * from returns
