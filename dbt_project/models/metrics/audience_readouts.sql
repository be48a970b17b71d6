-- By assignment: whom the lot held out against whom it did not, messaged or not. Who in
-- fact got a message had a working address and had not just bought: comparing those
-- would credit the message with what they are.
with

exports as (

    select * from {{ ref('audience_exports') }}

),

members as (

    select * from {{ source('control', 'audience_members') }}

),

clock as (

    select
        as_of,
        {{ store_date('as_of') }} as today

    from {{ ref('stg_clock') }}

),

-- listed again every day until something happens: the first time is when it began
listings as (

    select
        exports.audience,
        members.customer_id,
        members.sku,
        members.thing_id,
        min(members.holdout_group) as holdout_group,
        min(exports.as_of) as listed_at

    from members
    inner join exports
        on members.export_id = exports.export_id
    group by
        exports.audience,
        members.customer_id,
        members.sku,
        members.thing_id

),

reorders as (

    select
        orders.customer_id,
        order_lines.sku,
        orders.placed_at

    from {{ ref('fct_order_lines') }} as order_lines
    inner join {{ ref('fct_orders') }} as orders
        on order_lines.order_id = orders.order_id
    where orders.is_counted

),

reviews as (

    select * from {{ ref('fct_reviews') }}
    where order_line_id is not null

),

happenings as (

    select
        listings.audience,
        listings.customer_id,
        listings.sku,
        listings.thing_id,
        reorders.placed_at as happened_at

    from listings
    inner join reorders
        on listings.customer_id = reorders.customer_id
        and listings.sku = reorders.sku
    where listings.audience = 'audience_reorder_due'

    union all

    select
        listings.audience,
        listings.customer_id,
        listings.sku,
        listings.thing_id,
        reviews.reviewed_at as happened_at

    from listings
    inner join reviews
        on listings.thing_id = reviews.order_line_id
    where listings.audience = 'audience_review_due'

),

outcomes as (

    select
        listings.audience,
        listings.customer_id,
        listings.sku,
        listings.thing_id,
        bool_or(
            happenings.happened_at > listings.listed_at
            and {{ days_between('listings.listed_at', 'happenings.happened_at') }}
            <= {{ var('audience_outcome_days') }}
        ) as has_happened

    from listings
    inner join happenings
        on listings.audience = happenings.audience
        and listings.customer_id = happenings.customer_id
        and listings.sku = happenings.sku
        and listings.thing_id = happenings.thing_id
    group by
        listings.audience,
        listings.customer_id,
        listings.sku,
        listings.thing_id

),

-- the lot is drawn by customer, and so is the count: two lines of one are not two
customers as (

    select
        listings.audience,
        {{ week_of(store_date('listings.listed_at')) }} as week,
        listings.customer_id,
        min(listings.holdout_group) as holdout_group,
        max(listings.listed_at) as last_listed_at,
        bool_or(coalesce(outcomes.has_happened, false)) as has_happened

    from listings
    left join outcomes
        on listings.audience = outcomes.audience
        and listings.customer_id = outcomes.customer_id
        and listings.sku = outcomes.sku
        and listings.thing_id = outcomes.thing_id
    group by
        listings.audience,
        {{ week_of(store_date('listings.listed_at')) }},
        listings.customer_id

),

counts as (

    select
        customers.audience,
        customers.week,
        count(*) filter (where customers.holdout_group = 'treatment') as treated,
        count(*) filter (
            where customers.holdout_group = 'treatment' and customers.has_happened
        ) as treated_responded,
        count(*) filter (where customers.holdout_group = 'holdout') as held_out,
        count(*) filter (
            where customers.holdout_group = 'holdout' and customers.has_happened
        ) as held_out_responded,

        -- the week is over, and the days of its last listing are
        min(clock.today) > {{ days_after('customers.week', 6) }}
        and {{ days_between('max(customers.last_listed_at)', 'min(clock.as_of)') }}
        >= {{ var('audience_outcome_days') }} as is_observed

    from customers
    cross join clock
    group by customers.audience, customers.week

),

rates as (

    select
        *,
        case
            when is_observed
                then cast(treated_responded as double) / nullif(treated, 0)
        end as treated_rate,
        {{ wilson_lower('treated_responded', 'treated') }} as treated_lower,
        {{ wilson_upper('treated_responded', 'treated') }} as treated_upper,
        case
            when is_observed
                then cast(held_out_responded as double) / nullif(held_out, 0)
        end as held_out_rate,
        {{ wilson_lower('held_out_responded', 'held_out') }} as held_out_lower,
        {{ wilson_upper('held_out_responded', 'held_out') }} as held_out_upper

    from counts

),

readouts as (

    select
        audience,
        treated,
        treated_responded,
        held_out,
        held_out_responded,
        treated_rate,
        held_out_rate,
        treated_rate - held_out_rate as lift,
        {{ newcombe_lower('treated', 'held_out') }} as lower,
        {{ newcombe_upper('treated', 'held_out') }} as upper,
        is_observed,
        week

    from rates

)

select * from readouts
