{%- set amounts = ['shipping', 'reverse', 'handling', 'contact'] -%}

with

orders as (

    select * from {{ ref('fct_orders') }}

),

service_costs as (

    select * from {{ ref('int_service_costs') }}

),

reconciliation as (

    select * from {{ ref('reconciliation') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

services as (

    select
        order_id,
        case
            when service in ('rto', 'return') then 'reverse' else service
        end as kind,
        currency,
        amount

    from service_costs

),

order_costs as (

    select
        order_id,
        currency,
        {% for kind in amounts %}
        count(*) filter (where kind = '{{ kind }}') as {{ kind }}_services,
        count(amount) filter (where kind = '{{ kind }}') as {{ kind }}_known,
        sum(amount) filter (where kind = '{{ kind }}') as {{ kind }}_amount
        {{- ',' if not loop.last }}
        {% endfor %}

    from services
    group by order_id, currency

),

-- an order stands in its own currency, and in any other in which it cost something
order_currencies as (

    select
        order_id,
        currency
    from orders

    union

    select
        order_id,
        currency
    from order_costs

),

costed_orders as (

    select
        {{ month_of('orders.placed_date') }} as month,
        coalesce(orders.channel, 'unknown') as channel,
        coalesce(orders.payment_mode, 'unknown') as payment_mode,
        order_currencies.currency,
        reconciliation.fee_amount,
        {% for kind in amounts %}
        coalesce(order_costs.{{ kind }}_services, 0) as {{ kind }}_services,
        coalesce(order_costs.{{ kind }}_known, 0) as {{ kind }}_known,
        order_costs.{{ kind }}_amount{{ ',' if not loop.last }}
        {% endfor %}

    from order_currencies
    inner join orders
        on order_currencies.order_id = orders.order_id
    left join order_costs
        on order_currencies.order_id = order_costs.order_id
        and order_currencies.currency = order_costs.currency
    left join reconciliation
        on order_currencies.order_id = reconciliation.order_id
        and order_currencies.currency = reconciliation.currency

),

segmented_orders as (

    select
        'all' as segment_type,
        'all' as segment,
        costed_orders.*
    from costed_orders

    union all

    select
        'channel' as segment_type,
        channel as segment,
        costed_orders.*
    from costed_orders

    union all

    select
        'payment_mode' as segment_type,
        payment_mode as segment,
        costed_orders.*
    from costed_orders

),

-- what was done at an unknown cost was not done for nothing
sums as (

    select
        month,
        segment_type,
        segment,
        currency,
        count(*) as orders,
        {% for kind in amounts %}
        case
            when sum({{ kind }}_services) = 0 then 0
            else sum({{ kind }}_amount)
        end as {{ kind }}_amount,
        cast(sum({{ kind }}_known) as double)
        / nullif(sum({{ kind }}_services), 0) as {{ kind }}_coverage,
        {% endfor %}
        coalesce(sum(fee_amount), 0) as fee_amount,
        cast(
            {% for kind in amounts %}
            {{ '+ ' if not loop.first }}sum({{ kind }}_known)
            {% endfor %}
            as double
        ) / nullif(
            {% for kind in amounts %}
            {{ '+ ' if not loop.first }}sum({{ kind }}_services)
            {%- endfor %}, 0
        ) as coverage

    from segmented_orders
    group by month, segment_type, segment, currency

),

known_sums as (

    select
        sums.*,
        cast(
            fee_amount
            {% for kind in amounts %}
            + coalesce({{ kind }}_amount, 0)
            {% endfor %}
            as double
        ) as known_amount

    from sums

),

cost_to_serve as (

    select
        sums.month,
        sums.segment_type,
        sums.segment,
        sums.currency,
        sums.orders,
        {% for kind in amounts %}
        cast(sums.{{ kind }}_amount as decimal(18, 4)) as {{ kind }}_amount,
        {% endfor %}
        cast(sums.fee_amount as decimal(18, 4)) as fee_amount,
        sums.known_amount / sums.orders as cost_per_order,
        {% for kind in amounts %}
        sums.{{ kind }}_coverage,
        {% endfor %}
        sums.coverage,
        {{ store_date('clock.as_of') }}
        >= sums.month + interval '1 month' + interval '1 day' * (
            {{ var('rto_maturity_days') }}
            + {{ var('return_window_days') }}
            + {{ var('return_transit_days') }}
        ) as is_mature

    from known_sums as sums
    cross join clock

)

select * from cost_to_serve
