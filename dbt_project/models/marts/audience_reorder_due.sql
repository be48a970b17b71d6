with

orders as (

    select * from {{ ref('fct_orders') }}
    where not is_guest

),

order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

products as (

    select * from {{ ref('dim_products') }}

),

clocks as (

    select * from {{ ref('replenishment_clock') }}

),

nudges as (

    select
        customer_id,
        sku,
        max(sent_at) as reminded_at

    from {{ ref('int_reorder_nudges') }}
    group by customer_id, sku

),

consents as (

    select * from {{ ref('int_standing_consents') }}
    where purpose = 'reorder_reminders'

),

troubled_customers as (

    select distinct customer_id
    from {{ ref('int_open_problems') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

-- units sent back are not used up
purchases as (

    select
        orders.customer_id,
        order_lines.sku,
        orders.order_id,
        bool_or(orders.is_counted) as is_counted,
        sum(
            order_lines.quantity
            - order_lines.quantity_cancelled
            - order_lines.quantity_returned
        ) as quantity,
        min(orders.placed_at) as placed_at

    from order_lines
    inner join orders
        on order_lines.order_id = orders.order_id
    where not orders.is_cancelled
        and not orders.is_rto
    group by orders.customer_id, order_lines.sku, orders.order_id

),

-- who has ordered again is not reminded, paid for or not yet
last_purchases as (

    select
        customer_id,
        sku,
        {{ max_by('order_id', '(placed_at || order_id)') }} as last_order_id,
        {{ max_by('quantity', '(placed_at || order_id)') }} as quantity,
        max(placed_at) as last_placed_at

    from purchases
    where quantity > 0
    group by customer_id, sku
    having {{ max_by('is_counted', '(placed_at || order_id)') }}

),

-- a product whose life nobody knows is known by its own buyers only; that of one whose
-- life is known tells more than the gaps of everything else in the shop
lives as (

    select
        clocks.sku,
        case
            when clocks.is_reliable and clocks.basis = 'sku' then 'sku'
            when products.expected_life_days is null then null
            when clocks.is_reliable and clocks.basis = 'category' then 'category'
            else 'life'
        end as basis,
        clocks.p35_days,
        clocks.p50_days,
        products.expected_life_days

    from clocks
    inner join products
        on clocks.sku = products.sku

),

dues as (

    select
        last_purchases.customer_id,
        last_purchases.sku,
        last_purchases.last_order_id,
        last_purchases.last_placed_at,
        case when lives.p50_days is null then 'life' else lives.basis end as basis,
        case
            when lives.basis <> 'life' and lives.p50_days is not null
                then lives.p50_days
            else lives.expected_life_days * last_purchases.quantity
        end as due_days,
        case
            when lives.basis <> 'life' and lives.p50_days is not null
                then lives.p50_days - lives.p35_days
            else lives.expected_life_days * last_purchases.quantity
                * {{ var('reorder_window_share') }}
        end as margin_days

    from last_purchases
    inner join lives
        on last_purchases.sku = lives.sku
    where lives.basis is not null

),

windows as (

    select
        *,
        {{ hours_after('last_placed_at', '24 * due_days') }} as due_at,
        {{ hours_after('last_placed_at', '24 * (due_days - margin_days)') }}
            as window_start_at,
        {{ hours_after('last_placed_at', '24 * (due_days + margin_days)') }}
            as window_end_at

    from dues
    where due_days is not null

),

audience as (

    select
        windows.customer_id,
        windows.sku,
        windows.last_order_id,
        consents.channels,
        consents.refused_channels,
        case windows.basis
            when 'sku' then 'high' when 'category' then 'medium' else 'low'
        end as confidence,
        {{ holdout_group('windows.customer_id', 'audience_reorder_due') }}
            as holdout_group,
        windows.last_placed_at,
        nudges.reminded_at,
        windows.window_start_at,
        windows.due_at,
        windows.window_end_at

    from windows
    cross join clock
    inner join consents
        on windows.customer_id = consents.customer_id
    left join troubled_customers
        on windows.customer_id = troubled_customers.customer_id
    left join nudges
        on windows.customer_id = nudges.customer_id
        and windows.sku = nudges.sku
        and windows.last_placed_at < nudges.reminded_at
    where troubled_customers.customer_id is null
        and windows.window_start_at <= clock.as_of
        and windows.window_end_at > clock.as_of

)

select * from audience
