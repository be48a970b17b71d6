{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- What customers said of the use of their data, as it was said.
with

changes as (

    select
        fact_id,
        story_id,
        customer_id,
        event_name,
        consent_purpose as purpose,
        message_channel as channel,
        legal_basis,
        occurred_at

    from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and customer_id is not null
        and event_name in (
            'consent_granted', 'consent_withdrawn', 'subject_erasure_requested'
        )

)

select * from changes
