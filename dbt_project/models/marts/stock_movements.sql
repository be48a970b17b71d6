with

movements as (

    select * from {{ ref('int_stock_movements') }}

),

counts_in_time as (

    select
        event_id,
        sku,
        location_id,
        occurred_at as counted_at,
        row_number() over (
            partition by sku, location_id order by occurred_at desc, event_id desc
        ) as from_last

    from movements
    where movement = 'count'

),

last_counts as (

    select
        sku,
        location_id,
        min(event_id) filter (where from_last = 1) as count_id,
        min(counted_at) filter (where from_last = 1) as counted_at,
        min(event_id) filter (where from_last = 2) as count_before_id,
        min(counted_at) filter (where from_last = 2) as counted_before_at

    from counts_in_time
    where from_last <= 2
    group by sku, location_id

),

-- what moved at the instant of a count was counted
stretched_movements as (

    select
        movements.*,
        case
            when movements.event_id = last_counts.count_id then 'last_count'
            when movements.event_id = last_counts.count_before_id then 'count_before'
            when last_counts.counted_at is null then 'since_count'
            when movements.occurred_at > last_counts.counted_at then 'since_count'
            when movements.occurred_at > last_counts.counted_before_at
                then 'between_counts'
        end as stretch

    from movements
    left join last_counts
        on movements.sku = last_counts.sku
        and movements.location_id = last_counts.location_id

),

stock_movements as (

    select
        event_id,
        sku,
        location_id,
        order_id,
        movement,
        stretch,
        quantity,
        occurred_at

    from stretched_movements
    where stretch is not null

)

select * from stock_movements
