with

copies as (

    select * from {{ ref('int_event_copies') }}

),

retractions as (

    select
        event_id as retraction_event_id,
        target_event_id,
        occurred_at as retracted_at

    from copies
    where event_name = 'event_retracted'
        and copy_rank = 1

),

targets as (

    select event_id as target_id
    from copies
    where event_name <> 'event_retracted'
    union
    select fact_key
    from copies
    where event_name <> 'event_retracted'

),

event_retractions as (

    select
        retractions.retraction_event_id,
        retractions.target_event_id,
        targets.target_id is not null as target_found,
        retractions.retracted_at

    from retractions
    left join targets
        on retractions.target_event_id = targets.target_id

)

select * from event_retractions
