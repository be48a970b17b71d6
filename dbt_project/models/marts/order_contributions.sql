with

first_gaps as (

    select
        customer_id,
        from_order_id,
        from_placed_at,
        {{ month_of(store_date('from_placed_at')) }} as cohort_month

    from {{ ref('fct_reorder_gaps') }}
    where order_number = 1

),

orders as (

    select * from {{ ref('fct_orders') }}

),

reconciliation as (

    select * from {{ ref('reconciliation') }}

),

chargebacks as (

    select
        order_id,
        currency,
        sum(amount) as charged_back_amount

    from {{ ref('fct_ledger_entries') }}
    where account = 'chargebacks'
    group by order_id, currency

),

service_costs as (

    select
        order_id,
        currency,
        count(*) as services,
        count(amount) as known_services,
        coalesce(sum(amount), 0) as cost_amount

    from {{ ref('int_service_costs') }}
    group by order_id, currency

),

-- every order since the first that counts costs and brings what it does, whether or not
-- it counts itself
cohort_orders as (

    select
        orders.order_id,
        first_gaps.customer_id,
        orders.placed_at,
        first_gaps.cohort_month,
        {{ months_between(
            'first_gaps.cohort_month', month_of('orders.placed_date')
        ) }} as age

    from first_gaps
    inner join orders
        on first_gaps.customer_id = orders.customer_id
        and (
            first_gaps.from_placed_at < orders.placed_at
            or first_gaps.from_order_id = orders.order_id
        )

),

-- an order stands in every currency its money moved or its services cost in
order_currencies as (

    select
        order_id,
        currency
    from reconciliation

    union

    select
        order_id,
        currency
    from service_costs
    where currency is not null

),

valued_orders as (

    select
        cohort_orders.order_id,
        cohort_orders.customer_id,
        cohort_orders.placed_at,
        cohort_orders.cohort_month,
        cohort_orders.age,
        order_currencies.currency,
        coalesce(reconciliation.captured_amount, 0) as captured_amount,
        coalesce(reconciliation.refunded_amount, 0) as refunded_amount,
        coalesce(reconciliation.fee_amount, 0) as fee_amount,
        coalesce(chargebacks.charged_back_amount, 0) as charged_back_amount,
        coalesce(service_costs.cost_amount, 0) as cost_amount,
        coalesce(service_costs.services, 0) as services,
        coalesce(service_costs.known_services, 0) as known_services

    from cohort_orders
    inner join order_currencies
        on cohort_orders.order_id = order_currencies.order_id
    left join reconciliation
        on order_currencies.order_id = reconciliation.order_id
        and order_currencies.currency = reconciliation.currency
    left join chargebacks
        on order_currencies.order_id = chargebacks.order_id
        and order_currencies.currency = chargebacks.currency
    left join service_costs
        on order_currencies.order_id = service_costs.order_id
        and order_currencies.currency = service_costs.currency

),

order_contributions as (

    select
        order_id,
        currency,
        customer_id,
        cohort_month,
        age,
        placed_at,
        {% for column in ['captured', 'refunded', 'charged_back', 'fee', 'cost'] %}
        cast({{ column }}_amount as decimal(18, 4)) as {{ column }}_amount,
        {% endfor %}
        services,
        known_services,
        cast(
            captured_amount
            - refunded_amount
            - charged_back_amount
            - fee_amount
            - cost_amount as decimal(18, 4)
        ) as contribution_amount

    from valued_orders

)

select * from order_contributions
