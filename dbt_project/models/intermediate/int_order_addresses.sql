{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Where an order goes to: the address its own events named last, else a claim's.
with

named_addresses as (

    select
        story_id,
        order_id,
        address_hash,
        occurred_at || lpad(cast(event_rank as varchar), 5, '0') || event_id
            as event_order,
        true as is_of_order

    from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and order_id is not null
        and address_hash is not null

    union all

    select
        story_id,
        order_id,
        address_hash,
        occurred_at || lpad(cast(event_rank as varchar), 5, '0') || event_id
            as event_order,
        false as is_of_order

    from {{ ref('int_return_events') }}
    where {{ is_affected('story_id') }}
        and order_id is not null
        and address_hash is not null

),

addresses as (

    select
        order_id,
        min(story_id) as story_id,
        coalesce(
            {{ max_by('address_hash', 'event_order') }} filter (where is_of_order),
            {{ max_by('address_hash', 'event_order') }}
        ) as address_hash

    from named_addresses
    group by order_id

)

select * from addresses
