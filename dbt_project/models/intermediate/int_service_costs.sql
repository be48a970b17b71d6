-- What each service to an order came to: as its events say, else as the seed does, else
-- unknown.
with

shipments as (

    select * from {{ ref('fct_shipments') }}

),

pickups as (

    select * from {{ ref('fct_pickups') }}

),

returns as (

    select * from {{ ref('fct_returns') }}

),

contacts as (

    select * from {{ ref('order_contacts') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

stated_costs as (

    select * from {{ ref('int_stated_costs') }}

),

service_costs as (

    select * from {{ ref('service_costs') }}

),

services as (

    select
        'shipping' as service,
        shipment_id as thing_id,
        order_id,
        carrier
    from shipments
    where shipped_at is not null

    union all

    select
        'handling' as service,
        shipment_id as thing_id,
        order_id,
        carrier
    from shipments
    where shipped_at is not null

    union all

    select
        'handling' as service,
        fulfillment_order_id as thing_id,
        order_id,
        null as carrier
    from pickups
    where collected_at is not null

    union all

    select
        'rto' as service,
        shipment_id as thing_id,
        order_id,
        carrier
    from shipments
    where outcome = 'rto'

    union all

    select
        'return' as service,
        coalesce(return_id, return_line_id) as thing_id,
        min(order_id) as order_id,
        null as carrier
    from returns
    where shipped_at is not null
    group by coalesce(return_id, return_line_id)

    union all

    select
        'contact' as service,
        ticket_id as thing_id,
        order_id,
        null as carrier
    from contacts

),

-- what is billed before it has left, or called off, costs all the same
known_by_events as (

    select
        stated_costs.service,
        stated_costs.thing_id,
        coalesce(services.order_id, stated_costs.order_id) as order_id,
        stated_costs.currency,
        stated_costs.amount,
        'event' as basis

    from stated_costs
    left join services
        on stated_costs.service = services.service
        and stated_costs.thing_id = services.thing_id

),

-- a seed's amount holds for orders in its currency; the carrier's own comes first
not_stated as (

    select
        services.service,
        services.thing_id,
        services.order_id,
        orders.currency,
        coalesce(of_carrier.amount, of_any.amount) as amount,
        case
            when coalesce(of_carrier.amount, of_any.amount) is null then 'unknown'
            else 'seed'
        end as basis

    from services
    left join stated_costs
        on services.service = stated_costs.service
        and services.thing_id = stated_costs.thing_id
    left join orders
        on services.order_id = orders.order_id
    left join service_costs as of_carrier
        on services.service = of_carrier.service
        and services.carrier = of_carrier.carrier
        and orders.currency = of_carrier.currency
    left join service_costs as of_any
        on services.service = of_any.service
        and of_any.carrier is null
        and orders.currency = of_any.currency
    where stated_costs.thing_id is null

),

costs as (

    select * from known_by_events
    union all
    select * from not_stated

)

select * from costs
