{{ config(materialized='table') }}

-- What a customer is waiting for us to put right: nobody in its midst is written to.
with

orders as (

    select * from {{ ref('fct_orders') }}

),

problems as (

    select
        'exception' as kind,
        exception_id as thing_id,
        order_id,
        cast(null as varchar) as customer_id,
        opened_at
    from {{ ref('fct_exceptions') }}
    where is_open

    union all

    select
        kind,
        thing_id,
        order_id,
        customer_id,
        opened_at
    from {{ ref('int_problem_spells') }}
    where closed_at is null

    union all

    select
        'refund' as kind,
        refund_id as thing_id,
        order_id,
        cast(null as varchar) as customer_id,
        coalesce(initiated_at, failed_at) as opened_at
    from {{ ref('fct_refunds') }}
    where completed_at is null
        and replaced_by_refund_id is null

    union all

    select
        'refund' as kind,
        claim_id as thing_id,
        order_id,
        cast(null as varchar) as customer_id,
        since_at as opened_at
    from {{ ref('pending_money') }}
    where class = 'refund_owed'

    union all

    select
        'ticket' as kind,
        ticket_id as thing_id,
        order_id,
        customer_id,
        contacted_at as opened_at
    from {{ ref('order_contacts') }}
    where closed_at is null

),

open_problems as (

    select
        problems.kind,
        problems.thing_id,
        problems.order_id,
        coalesce(orders.customer_id, problems.customer_id) as customer_id,
        problems.opened_at

    from problems
    left join orders
        on problems.order_id = orders.order_id

)

-- a silent feed is nobody's problem in particular
select * from open_problems
where customer_id is not null
