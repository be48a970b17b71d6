with

order_contributions as (

    select * from {{ ref('order_contributions') }}

),

cohort_cells as (

    select * from {{ ref('cohort_retention') }}
    where age_mode = 'calendar_month'

),

clock as (

    select * from {{ ref('stg_clock') }}

),

sums as (

    select
        cohort_month,
        age,
        currency,
        count(*) as orders,
        sum(captured_amount) as captured_amount,
        sum(refunded_amount) as refunded_amount,
        sum(fee_amount) as fee_amount,
        sum(charged_back_amount) as charged_back_amount,
        sum(cost_amount) as cost_amount,
        sum(services) as services,
        sum(known_services) as known_services,
        sum(contribution_amount) as contribution_amount

    from order_contributions
    group by cohort_month, age, currency

),

cohort_currencies as (

    select distinct
        cohort_month,
        currency
    from sums

),

-- whoever ordered nothing brought nothing: the cells of a cohort are all there
cells as (

    select
        cohort_cells.cohort_month,
        cohort_cells.age,
        cohort_cells.cohort_customers as customers,
        cohort_cells.is_observed,
        cohort_currencies.currency,
        coalesce(sums.orders, 0) as orders,
        coalesce(sums.captured_amount, 0) as captured_amount,
        coalesce(sums.refunded_amount, 0) as refunded_amount,
        coalesce(sums.fee_amount, 0) as fee_amount,
        coalesce(sums.charged_back_amount, 0) as charged_back_amount,
        coalesce(sums.cost_amount, 0) as cost_amount,
        cast(sums.known_services as double) / nullif(sums.services, 0)
            as cost_coverage,
        cast(coalesce(sums.contribution_amount, 0) as decimal(18, 4))
            as contribution_amount,
        cohort_cells.is_observed
            and {{ store_date('clock.as_of') }}
            >= cohort_cells.cohort_month
            + interval '1 month' * (cohort_cells.age + 1)
            + interval '1 day' * (
                {{ var('rto_maturity_days') }}
                + {{ var('return_window_days') }}
                + {{ var('return_transit_days') }}
            ) as is_mature

    from cohort_cells
    inner join cohort_currencies
        on cohort_cells.cohort_month = cohort_currencies.cohort_month
    left join sums
        on cohort_cells.cohort_month = sums.cohort_month
        and cohort_cells.age = sums.age
        and cohort_currencies.currency = sums.currency
    cross join clock

),

cumulated as (

    select
        cells.*,
        sum(contribution_amount) over (
            partition by cohort_month, currency
            order by age
            rows between unbounded preceding and current row
        ) as cumulative_amount

    from cells

),

customer_value as (

    select
        cohort_month,
        age,
        currency,
        customers,
        is_observed,
        is_mature,
        {% for column in ['captured', 'refunded', 'charged_back', 'fee', 'cost'] %}
        case when is_observed then cast({{ column }}_amount as decimal(18, 4)) end
            as {{ column }}_amount,
        {% endfor %}
        case when is_observed then orders end as orders,
        case when is_observed then cost_coverage end as cost_coverage,
        case when is_observed then contribution_amount end as contribution_amount,
        case
            when is_observed then cast(contribution_amount as double) / customers
        end as contribution_per_customer,
        case
            when is_observed then cast(cumulative_amount as double) / customers
        end as cumulative_per_customer

    from cumulated

)

select * from customer_value
