{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

with

surveys as (

    select
        survey_id,
        story_id,
        order_id,
        survey_type,
        occurred_at as surveyed_at,

        -- scales differ: five of five is as good as ten of ten
        score / nullif(score_scale_max, 0) as score_share

    from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and event_name = 'csat_recorded'

)

select * from surveys
