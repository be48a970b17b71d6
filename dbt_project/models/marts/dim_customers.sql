with

orders as (

    select * from {{ ref('fct_orders') }}

),

marketing_consents as (

    select
        customer_id,
        bool_or(is_given) as marketing_consent

    from {{ ref('fct_consents') }}
    where purpose = 'marketing'
        and valid_to is null
    group by customer_id

),

ordering_customers as (

    select
        customer_id,
        bool_or(is_guest) as is_guest,
        {{ max_by('customer_segment', 'placed_at || order_id') }}
            filter (where customer_segment is not null) as segment,
        count(*) as order_count,
        count(*) filter (where is_counted) as counted_order_count,
        count(*) filter (where is_delivered) as delivered_order_count,
        min(placed_at) filter (where is_counted) as first_order_at

    from orders
    group by customer_id

),

all_customers as (

    select customer_id from ordering_customers
    union
    select customer_id from marketing_consents

),

customers as (

    select
        all_customers.customer_id,
        coalesce(ordering_customers.segment, 'unknown') as segment,
        coalesce(ordering_customers.order_count, 0) as order_count,
        coalesce(ordering_customers.counted_order_count, 0) as counted_order_count,
        coalesce(ordering_customers.delivered_order_count, 0) as delivered_order_count,
        coalesce(ordering_customers.is_guest, false) as is_guest,

        -- never given is not given
        coalesce(marketing_consents.marketing_consent, false) as marketing_consent,
        case
            when not coalesce(ordering_customers.is_guest, false)
                then {{ month_of(store_date('ordering_customers.first_order_at')) }}
        end as acquisition_month,
        ordering_customers.first_order_at

    from all_customers
    left join ordering_customers
        on all_customers.customer_id = ordering_customers.customer_id
    left join marketing_consents
        on all_customers.customer_id = marketing_consents.customer_id

)

select * from customers
