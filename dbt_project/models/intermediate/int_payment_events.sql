with

facts as (

    select * from {{ ref('int_payment_event_facts') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

happened as (

    select facts.*
    from facts
    cross join clock
    where not facts.is_retracted
        and {{ known_by('facts.occurred_at') }}

)

select * from happened
