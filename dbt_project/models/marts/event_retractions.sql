-- All copies are asked for three times, each time for hardly any: a query of its own
-- reads those alone.
with

retractions as (

    select
        event_id as retraction_event_id,
        target_event_id,
        occurred_at as retracted_at

    from {{ ref('int_event_copies') }}
    where event_name = 'event_retracted'
        and copy_rank = 1

),

-- only those that are named: of all ids there are twice as many as events
targets as (

    select event_id as target_id
    from {{ ref('int_event_copies') }}
    where event_name <> 'event_retracted'
        and event_id in (select retractions.target_event_id from retractions)
    union
    select fact_key
    from {{ ref('int_event_copies') }}
    where event_name <> 'event_retracted'
        and fact_key in (select retractions.target_event_id from retractions)

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
