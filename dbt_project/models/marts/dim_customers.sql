with

orders as (

    select * from {{ ref('fct_orders') }}

),

events as (

    select * from {{ ref('int_order_events') }}
    where event_name in (
        'consent_granted', 'consent_withdrawn', 'subject_erasure_requested'
    )
        and customer_id is not null

),

ordering_customers as (

    select
        customer_id,
        bool_or(is_guest) as is_guest,
        {{ max_by('customer_segment', 'placed_at || order_id') }}
            filter (where customer_segment is not null) as segment,
        count(*) as order_count,
        count(*) filter (where is_counted) as counted_order_count,
        count(*) filter (where is_delivered) as delivered_order_count,
        min(placed_at) filter (where is_counted) as first_order_at

    from orders
    group by customer_id

),

consent_by_channel as (

    select
        customer_id,
        message_channel,
        max(occurred_at) filter (where event_name = 'consent_granted') as granted_at,
        max(occurred_at) filter (where event_name = 'consent_withdrawn')
            as withdrawn_at

    from events
    where consent_purpose = 'marketing'
    group by customer_id, message_channel

),

-- a withdrawal that names no channel ends the consent for all of them
withdrawals as (

    select
        customer_id,
        max(withdrawn_at) as withdrawn_at

    from consent_by_channel
    where message_channel is null
    group by customer_id

),

erasures as (

    select distinct customer_id
    from events
    where event_name = 'subject_erasure_requested'

),

consents as (

    select
        channels.customer_id,
        bool_or(
            channels.granted_at is not null
            and (
                channels.withdrawn_at is null
                or channels.granted_at > channels.withdrawn_at
            )
            and (
                withdrawals.withdrawn_at is null
                or channels.granted_at > withdrawals.withdrawn_at
            )
        )
        and not bool_or(erasures.customer_id is not null) as marketing_consent

    from consent_by_channel as channels
    left join withdrawals
        on channels.customer_id = withdrawals.customer_id
    left join erasures
        on channels.customer_id = erasures.customer_id
    group by channels.customer_id

),

all_customers as (

    select customer_id from ordering_customers
    union
    select customer_id from consents

),

customers as (

    select
        all_customers.customer_id,
        coalesce(ordering_customers.segment, 'unknown') as segment,
        coalesce(ordering_customers.order_count, 0) as order_count,
        coalesce(ordering_customers.counted_order_count, 0) as counted_order_count,
        coalesce(ordering_customers.delivered_order_count, 0) as delivered_order_count,
        coalesce(ordering_customers.is_guest, false) as is_guest,

        -- never given is not given
        coalesce(consents.marketing_consent, false) as marketing_consent,
        case
            when not coalesce(ordering_customers.is_guest, false)
                then {{ month_of(store_date('ordering_customers.first_order_at')) }}
        end as acquisition_month,
        ordering_customers.first_order_at

    from all_customers
    left join ordering_customers
        on all_customers.customer_id = ordering_customers.customer_id
    left join consents
        on all_customers.customer_id = consents.customer_id

)

select * from customers
