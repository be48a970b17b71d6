{{ config(materialized='table') }}

-- Stories a fact must rewrite: those that gained, lost or changed an event.
with recursive

clock as (

    select * from {{ ref('stg_clock') }}

),

changed_facts as (

    select * from {{ ref('int_changed_facts') }}

),

event_stories as (

    select
        fact_id,
        story_id
    from {{ ref('int_order_event_facts') }}
    union all
    select
        fact_id,
        story_id
    from {{ ref('int_payment_event_facts') }}
    union all
    select
        fact_id,
        story_id
    from {{ ref('int_return_event_facts') }}

),

tied_stories as (

    select * from {{ ref('int_stories_tied') }}

),

stories as (

    select event_stories.story_id
    from event_stories
    inner join changed_facts
        on event_stories.fact_id = changed_facts.fact_id

    union

    select left_stories.story_id
    from {{ source('control', 'left_stories') }} as left_stories
    cross join clock
    where left_stories.previous_landing_seq = clock.previous_landing_seq

),

affected_stories as (

    select story_id from stories

    union

    select tied_stories.tied_story_id
    from affected_stories
    inner join tied_stories
        on affected_stories.story_id = tied_stories.story_id

)

select story_id from affected_stories
