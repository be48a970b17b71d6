{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- What each payment's events say before anything is settled: gateway payments by their
-- id, and one payment for each parcel that was paid for at the door.
with

payment_events as (

    select
        *,
        occurred_at || lpad(cast(event_rank as varchar), 5, '0') || event_id
            as event_order

    from {{ ref('int_payment_events') }}
    where {{ is_affected('story_id') }}

),

shipments as (

    select * from {{ ref('int_shipments') }}
    where {{ is_affected('story_id') }}

),

disputes as (

    select
        dispute_id,
        min(payment_id) as payment_id,
        min(occurred_at) as opened_at,
        bool_or(event_name = 'dispute_won') as is_won

    from payment_events
    where event_name in ('dispute_opened', 'dispute_won', 'dispute_lost')
    group by dispute_id

),

-- a won dispute runs on as if it had never been opened
standing_disputes as (

    select
        payment_id,
        min(opened_at) as disputed_at

    from disputes
    where not is_won
    group by payment_id

),

tries as (

    select
        payment_id,
        min(story_id) as story_id,
        min(order_id) as order_id,

        -- the try that went through names the instrument; else the last one tried
        coalesce(
            {{ max_by('payment_method', 'event_order') }} filter (
                where event_name in ('payment_authorized', 'payment_captured')
                    and payment_method is not null
            ),
            {{ max_by('payment_method', 'event_order') }}
                filter (where payment_method is not null)
        ) as method,
        coalesce(
            {{ max_by('gateway', 'event_order') }} filter (
                where event_name in ('payment_authorized', 'payment_captured')
                    and gateway is not null
            ),
            {{ max_by('gateway', 'event_order') }} filter (where gateway is not null)
        ) as gateway,
        coalesce(
            {{ min_by('currency', 'event_order') }} filter (
                where event_name = 'payment_captured' and currency is not null
            ),
            {{ max_by('currency', 'event_order') }} filter (
                where event_name = 'payment_authorized' and currency is not null
            ),
            {{ min_by('currency', 'event_order') }} filter (where currency is not null)
        ) as currency,
        {{ max_by('amount_minor', 'event_order') }}
            filter (where event_name = 'payment_authorized') as authorized_minor,
        coalesce(
            sum(amount_minor) filter (where event_name = 'payment_captured'), 0
        ) as captured_minor,
        coalesce(
            {{ max_by('amount_minor', 'event_order') }}
                filter (where event_name = 'payment_voided'), 0
        ) as voided_minor,
        {{ max_by('event_name', 'event_order') }} filter (
            where event_name in (
                'payment_initiated', 'payment_retried', 'payment_authorized',
                'payment_authorization_failed', 'payment_authorization_delayed'
            )
        ) as last_try_event,
        min(occurred_at) as first_seen_at,
        min(occurred_at) filter (where event_name = 'payment_authorized')
            as authorized_at,
        max(occurred_at) filter (where event_name = 'payment_authorized')
            as last_authorized_at,
        min(occurred_at) filter (where event_name = 'payment_captured') as captured_at,
        max(occurred_at) filter (where event_name = 'payment_authorization_failed')
            as last_failed_at,
        max(occurred_at) filter (where event_name = 'payment_voided') as voided_at,
        max(occurred_at) filter (where event_name = 'payment_authorization_expired')
            as expired_at,
        {{ max_by('expires_at', 'event_order') }}
            filter (where event_name = 'payment_authorized') as expires_at,
        {{ max_by('expected_at', 'event_order') }}
            filter (where event_name = 'payment_settlement_delayed')
            as settlement_expected_at

    from payment_events
    where payment_id is not null
        and (
            event_name like 'payment_%' or event_name like 'dispute_%'
        )
        and event_name <> 'payment_fallback_used'
    group by payment_id

),

gateway_payments as (

    select
        tries.payment_id,
        tries.story_id,
        tries.order_id,
        coalesce(tries.method, 'unknown') as method,
        coalesce(tries.gateway, 'unknown') as gateway,
        tries.currency,
        tries.authorized_minor,
        tries.captured_minor,
        tries.first_seen_at,
        tries.authorized_at,
        tries.captured_at,
        tries.captured_at as settlement_clock_started_at,
        tries.settlement_expected_at,
        {{ var('settlement_due_days') }} as settlement_due_days,
        tries.last_authorized_at,
        tries.expires_at,
        standing_disputes.disputed_at,

        -- dropping what was left of an approval ends nothing that was captured, unless
        -- more was dropped than was left; a newer approval outlives an older one's end
        case
            when tries.voided_at < tries.last_authorized_at then null
            when tries.captured_at is null then tries.voided_at
            when tries.voided_at >= tries.captured_at
                and tries.voided_minor > greatest(
                    coalesce(tries.authorized_minor, tries.captured_minor)
                    - tries.captured_minor, 0
                )
                then tries.voided_at
        end as voided_at,
        case
            when tries.captured_at is null
                and not coalesce(tries.expired_at < tries.last_authorized_at, false)
                then tries.expired_at
        end as expired_at,
        case
            when tries.captured_at is null
                and tries.authorized_at is null
                and tries.last_try_event = 'payment_authorization_failed'
                then tries.last_failed_at
        end as failed_at

    from tries
    left join standing_disputes
        on tries.payment_id = standing_disputes.payment_id

),

cod_sums as (

    select
        shipment_id,
        min(story_id) as story_id,
        min(order_id) as order_id,
        min(carrier) as carrier,
        coalesce(
            min(currency) filter (where event_name = 'cod_collected'), min(currency)
        ) as currency,
        coalesce(
            sum(amount_minor) filter (where event_name = 'cod_collected'),
            sum(gross_minor) filter (where event_name = 'cod_remitted'),
            0
        ) as captured_minor,
        min(occurred_at) filter (where event_name = 'cod_collected') as collected_at,
        min(occurred_at) as first_seen_at

    from payment_events
    where event_name in ('cod_collected', 'cod_remitted')
    group by shipment_id

),

-- a courier that reports only the money still handed the parcel over
cod_parcels as (

    select
        coalesce(shipments.shipment_id, cod_sums.shipment_id) as shipment_id,
        coalesce(shipments.story_id, cod_sums.story_id) as story_id,
        coalesce(shipments.order_id, cod_sums.order_id) as order_id,
        coalesce(shipments.carrier, cod_sums.carrier) as carrier,
        cod_sums.currency,
        coalesce(cod_sums.captured_minor, 0) as captured_minor,
        cod_sums.collected_at,
        coalesce(
            shipments.delivered_at, cod_sums.collected_at, cod_sums.first_seen_at
        ) as handed_over_at

    from shipments
    full outer join cod_sums
        on shipments.shipment_id = cod_sums.shipment_id
    where cod_sums.shipment_id is not null
        or (
            shipments.payment_mode in ('cod', 'partial_cod')
            and shipments.outcome = 'delivered'
        )

),

order_currencies as (

    select
        order_id,
        min(currency) as currency

    from {{ ref('int_order_lines') }}
    where {{ is_affected('story_id') }}
    group by order_id

),

cod_payments as (

    select
        'cod:' || cod_parcels.shipment_id as payment_id,
        cod_parcels.story_id,
        cod_parcels.order_id,
        'cod' as method,
        cod_parcels.carrier as gateway,
        coalesce(cod_parcels.currency, order_currencies.currency) as currency,
        cast(null as bigint) as authorized_minor,
        cod_parcels.captured_minor,
        cod_parcels.handed_over_at as first_seen_at,
        cast(null as timestamptz) as authorized_at,
        case
            when cod_parcels.captured_minor > 0
                then coalesce(cod_parcels.collected_at, cod_parcels.handed_over_at)
        end as captured_at,
        cod_parcels.handed_over_at as settlement_clock_started_at,
        cast(null as timestamptz) as settlement_expected_at,
        {{ var('cod_settlement_due_days') }} as settlement_due_days,
        cast(null as timestamptz) as last_authorized_at,
        cast(null as timestamptz) as expires_at,
        cast(null as timestamptz) as disputed_at,
        cast(null as timestamptz) as voided_at,
        cast(null as timestamptz) as expired_at,
        cast(null as timestamptz) as failed_at

    from cod_parcels
    left join order_currencies
        on cod_parcels.order_id = order_currencies.order_id

),

told_payments as (

    select * from gateway_payments
    union all
    select * from cod_payments

),

settlement_slas as (

    {{ due_by_slas(
        'told_payments', 'payment_id', 'settlement', 'settlement_clock_started_at'
    ) }}

),

authorization_slas as (

    {{ due_by_slas(
        'told_payments', 'payment_id', 'authorization', 'last_authorized_at'
    ) }}

),

-- what an event says outranks what was agreed, and that what is usual
payments as (

    select
        told_payments.payment_id,
        told_payments.story_id,
        told_payments.order_id,
        told_payments.method,
        told_payments.gateway,
        told_payments.currency,
        told_payments.authorized_minor,
        told_payments.captured_minor,
        told_payments.first_seen_at,
        told_payments.authorized_at,
        coalesce(
            told_payments.expires_at,
            authorization_slas.due_at,
            {{ hours_after(
                'told_payments.last_authorized_at',
                24 * var('authorization_valid_days')
            ) }}
        ) as authorization_lapses_at,
        told_payments.captured_at,
        told_payments.settlement_clock_started_at,
        coalesce(
            told_payments.settlement_expected_at,
            settlement_slas.due_at,
            {{ hours_after(
                'told_payments.settlement_clock_started_at',
                '24 * told_payments.settlement_due_days'
            ) }}
        ) as settlement_due_at,
        told_payments.disputed_at,
        told_payments.voided_at,
        told_payments.expired_at,
        told_payments.failed_at

    from told_payments
    left join settlement_slas
        on told_payments.payment_id = settlement_slas.payment_id
    left join authorization_slas
        on told_payments.payment_id = authorization_slas.payment_id

)

select * from payments
