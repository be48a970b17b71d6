-- What each source told in each hour of the store's clock, by when it reached us: a
-- webhook that fell silent is silent even if a poll brings later what it kept back.
with

quarters as (

    select
        source,
        event_name,
        {{ quarter_of('ingested_at') }} as arrived_quarter,
        count(*) as arrived

    from {{ ref('int_events_described') }}
    group by source, event_name, {{ quarter_of('ingested_at') }}

),

arrivals as (

    select
        source,
        event_name,
        date_trunc('hour', {{ store_time('arrived_quarter') }}) as arrived_hour,
        cast(sum(arrived) as bigint) as arrived

    from quarters
    group by
        source, event_name, date_trunc('hour', {{ store_time('arrived_quarter') }})

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
