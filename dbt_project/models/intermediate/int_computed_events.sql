{{ config(materialized='table') }}

{%- set computed = [
    'payment_settlement_delayed', 'payment_settlement_timed_out',
    'customer_notification_missed', 'event_missing_detected',
] -%}

-- What no source sends: that something has not happened in time. An event from the
-- moment that was so, and a spell until it was made good.
with

payments as (

    select * from {{ ref('fct_payments') }}

),

untold as (

    select * from {{ ref('message_conflicts') }}
    where kind = 'never_told'

),

promises as (

    select * from {{ ref('fct_delivery_promises') }}

),

feeds as (

    select
        *,
        -- hours of silence between two that spoke belong together
        count(*) filter (where not is_silent) over (
            partition by source, event_name
            order by hour
            rows between unbounded preceding and current row
        ) as hours_heard,
        min(case when not is_silent then hour end) over (
            partition by source, event_name
            order by hour
            rows between current row and unbounded following
        ) as heard_again_at

    from {{ ref('missing_events') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

contract_events as (

    select * from {{ ref('stg_contract_events') }}

),

late_payments as (

    select
        payment_id,
        story_id,
        order_id,
        currency,
        captured_amount as amount,
        settlement_due_at as expected_at,
        is_settlement_timed_out,
        exit_at as resolved_at,
        'payment_' || exit as resolution

    from payments
    where is_settlement_late

),

silences as (

    select
        source,
        event_name,
        hours_heard,
        min(hour) as first_hour,
        max(hour) as last_hour,
        cast(max(expected_count) as bigint) as missing_count,
        min(heard_again_at) as heard_again_at

    from feeds
    where is_silent
    group by source, event_name, hours_heard

),

computed as (

    select
        'payment_settlement_delayed' as event_name,
        story_id,
        order_id,
        payment_id as entity_id,
        payment_id as keyed_by,
        currency,
        amount,
        expected_at,
        'settlement_due' as sla_rule,
        cast(null as varchar) as notification_topic,
        cast(null as varchar) as expected_event_name,
        cast(null as bigint) as missing_count,
        expected_at as occurred_at,
        resolved_at,
        resolution
    from late_payments

    union all

    select
        'payment_settlement_timed_out' as event_name,
        story_id,
        order_id,
        payment_id as entity_id,
        payment_id as keyed_by,
        currency,
        amount,
        expected_at,
        'settlement_timeout' as sla_rule,
        null as notification_topic,
        null as expected_event_name,
        null as missing_count,
        {{ hours_after('expected_at', 24 * var('settlement_timeout_days')) }}
            as occurred_at,
        resolved_at,
        resolution
    from late_payments
    where is_settlement_timed_out

    union all

    -- nothing makes it untold: it is over at once
    select
        'customer_notification_missed' as event_name,
        promises.story_id,
        untold.order_id,
        untold.order_id as entity_id,
        untold.conflict_id as keyed_by,
        null as currency,
        null as amount,
        untold.conflicting_since_at as expected_at,
        'promise_told_within' as sla_rule,
        'delivery_promise_revised' as notification_topic,
        null as expected_event_name,
        null as missing_count,
        untold.conflicting_since_at as occurred_at,
        untold.conflicting_since_at as resolved_at,
        'none_possible' as resolution
    from untold
    inner join promises
        on untold.conflict_id = 'never_told:' || promises.promise_key

    union all

    select
        'event_missing_detected' as event_name,
        'feed:' || source || ':' || event_name as story_id,
        null as order_id,
        source || ':' || event_name as entity_id,
        source || ':' || event_name || ':' || cast(first_hour as varchar) as keyed_by,
        null as currency,
        null as amount,
        null as expected_at,
        null as sla_rule,
        null as notification_topic,
        event_name as expected_event_name,
        missing_count,
        {{ hours_after('first_hour', 1) }} as occurred_at,
        {{ hours_after('heard_again_at', 1) }} as resolved_at,
        'event_received' as resolution
    from silences

),

computed_events as (

    select
        md5(computed.event_name || '|' || computed.keyed_by) as event_id,
        computed.story_id,
        computed.event_name,
        contract_events.domain,
        contract_events.event_group,
        computed.order_id,
        contract_events.grain as entity_type,
        computed.entity_id,
        contract_events.severity,
        contract_events.exception_owner as owner,
        contract_events.next_action,
        computed.currency,
        case computed.event_name
            {% for event_name, template in event_sentences().items()
                if event_name in computed %}
            when '{{ event_name }}' then {{ template_as_sql(template, 'computed') }}
            {% endfor %}
            else computed.event_name
        end as detail,
        cast(computed.amount as decimal(18, 4)) as amount,
        contract_events.event_rank,
        contract_events.is_about_money,
        contract_events.is_customer_visible,
        computed.occurred_at,
        case
            when computed.resolved_at <= clock.as_of
                then greatest(computed.resolved_at, computed.occurred_at)
        end as resolved_at,
        case when computed.resolved_at <= clock.as_of then computed.resolution end
            as resolution

    from computed
    inner join contract_events
        on computed.event_name = contract_events.event_name
    cross join clock
    where {{ known_by('computed.occurred_at') }}

)

select * from computed_events
