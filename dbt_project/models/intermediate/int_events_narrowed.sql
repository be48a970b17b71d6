with

events as (

    {{ events_with_things('order') }}
    union all
    {{ events_with_things('payment') }}
    union all
    {{ events_with_things('return') }}

)

select * from events
