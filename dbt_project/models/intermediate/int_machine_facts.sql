with

facts as (

    {{ machine_events('order') }}
    union all
    {{ machine_events('payment') }}
    union all
    {{ machine_events('return') }}

)

select * from facts
