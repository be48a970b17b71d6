{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='order_id',
        schema='marts',
        post_hook="
            insert into control.rows_rewritten
            select 'orders_so_far', count(*), current_timestamp
            from {{ this }}
            cross join control.clock as clock
            where ingested_at > coalesce(clock.previous_as_of, '1970-01-01')
        ",
    )
}}

select
    events.order_id,
    events.ordered_amount,
    events.ingested_at,
    '{{ var("store_timezone") }}' as store_timezone
from {{ source('raw', 'order_events') }} as events
cross join {{ source('control', 'clock') }} as clock
where events.ingested_at <= clock.as_of
    {% if is_incremental() %}
    and events.landing_seq > clock.previous_landing_seq
    {% endif %}
