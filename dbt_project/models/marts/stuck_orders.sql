with

orders as (

    select * from {{ ref('fct_orders') }}

),

rhythms as (

    select * from {{ ref('stage_rhythms') }}

),

stages as (

    select * from {{ ref('stages') }}

),

shipments as (

    select * from {{ ref('fct_shipments') }}
    where outcome = 'open'
        and not is_label_cancelled

),

promises as (

    select * from {{ ref('int_promises_in_force') }}
    where shipment_id is null

),

open_exceptions as (

    select * from {{ ref('fct_exceptions') }}
    where is_open

),

clock as (

    select * from {{ ref('stg_clock') }}

),

-- the order is late as soon as one of its parcels is
parcel_promises as (

    select
        order_id,
        min(effective_promise_at) as promise_at

    from shipments
    group by order_id

),

-- who holds the worst of what is wrong; of equals, the one that has waited longest
exception_owners as (

    select
        order_id,
        {{ min_by(
            'owner',
            "case severity
                when 'critical' then '1'
                when 'high' then '2'
                when 'medium' then '3'
                else '4'
            end || opened_at || exception_id"
        ) }} as owner

    from open_exceptions
    group by order_id

),

-- where an order ends there is no rhythm, and nothing to wait for
aged_orders as (

    select
        orders.order_id,
        orders.stage,
        orders.customer_order_number,
        coalesce(exception_owners.owner, stages.owner) as owner,
        {{ hours_between('orders.stage_entered_at', 'clock.as_of') }} as age_hours,
        rhythms.p90_hours as rhythm_p90_hours,
        rhythms.p99_hours as rhythm_p99_hours,
        {{ hours_between('orders.last_customer_visible_at', 'clock.as_of') }}
            as silence_hours,
        orders.stage_entered_at as entered_stage_at,
        coalesce(parcel_promises.promise_at, promises.effective_promise_at)
            as promise_at,
        clock.as_of

    from orders
    inner join rhythms
        on orders.stage = rhythms.stage
    left join stages
        on orders.stage = stages.stage
    left join exception_owners
        on orders.order_id = exception_owners.order_id
    left join parcel_promises
        on orders.order_id = parcel_promises.order_id
    left join promises
        on orders.order_id = promises.order_id
    cross join clock

),

stuck_orders as (

    select
        order_id,
        stage,
        case
            when age_hours > rhythm_p99_hours
                or {{ store_date('as_of') }} > {{ store_date('promise_at') }}
                then 'stuck'
            else 'watch'
        end as level,
        owner,
        customer_order_number,
        age_hours,
        rhythm_p90_hours,
        rhythm_p99_hours,
        silence_hours,
        entered_stage_at,
        promise_at

    from aged_orders
    where age_hours > rhythm_p90_hours

)

select * from stuck_orders
