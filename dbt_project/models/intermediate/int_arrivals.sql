-- What each source told in each hour of the store's clock, by when it reached us: a
-- webhook that fell silent is silent even if a poll brings later what it kept back.
with

events as (

    select
        source,
        event_name,
        date_trunc('hour', {{ store_time('ingested_at') }}) as arrived_hour

    from {{ ref('int_events_described') }}

),

arrivals as (

    select
        source,
        event_name,
        arrived_hour,
        count(*) as arrived

    from events
    group by source, event_name, arrived_hour

),

-- a source may tell too little of anything to be missed event by event
arrivals_of_any_event as (

    select
        source,
        'any' as event_name,
        arrived_hour,
        cast(sum(arrived) as bigint) as arrived

    from arrivals
    group by source, arrived_hour

),

all_arrivals as (

    select * from arrivals
    union all
    select * from arrivals_of_any_event

)

select * from all_arrivals
