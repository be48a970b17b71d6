{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- What stands of all that was promised: at first, last, and in time to count.
with

promises as (

    select * from {{ ref('int_promises') }}
    where {{ is_affected('story_id') }}

),

promises_in_force as (

    select
        story_id,
        order_id,
        shipment_id,
        count(*) as promise_count,
        {{ min_by('coalesce(replaced_max_at, promise_max_at)', 'promise_number') }}
            as original_promise_at,
        {{ max_by('promise_max_at', 'promise_number') }} as current_promise_at,
        coalesce(
            {{ max_by('promise_max_at', 'promise_number') }}
                filter (where not is_too_late),
            {{ min_by('replaced_max_at', 'promise_number') }}
        ) as effective_promise_at

    from promises
    group by story_id, order_id, shipment_id

)

select * from promises_in_force
