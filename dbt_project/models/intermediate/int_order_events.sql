with

facts as (

    select * from {{ ref('int_order_event_facts') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

happened as (

    select facts.*
    from facts
    cross join clock
    where not facts.is_retracted
        and facts.occurred_at <= clock.as_of

)

select * from happened
