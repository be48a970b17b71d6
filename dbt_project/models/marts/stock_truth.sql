with

movements as (

    select * from {{ ref('int_stock_movements') }}

),

claims as (

    select * from {{ ref('int_stock_claims') }}

),

counts_in_time as (

    select
        sku,
        location_id,
        quantity as counted,
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
        min(counted) filter (where from_last = 1) as counted_on_hand,
        min(counted_at) filter (where from_last = 1) as counted_at,
        min(counted) filter (where from_last = 2) as counted_before,
        min(counted_at) filter (where from_last = 2) as counted_before_at

    from counts_in_time
    where from_last <= 2
    group by sku, location_id

),

-- what moved at the instant of a count was counted
moved_units as (

    select
        movements.sku,
        movements.location_id,
        min(last_counts.counted_on_hand) as counted_on_hand,
        min(last_counts.counted_at) as counted_at,
        min(last_counts.counted_before) as counted_before,
        coalesce(
            sum(movements.quantity) filter (
                where movements.movement <> 'count'
                    and movements.occurred_at > last_counts.counted_before_at
                    and movements.occurred_at <= last_counts.counted_at
            ), 0
        ) as moved_between,
        coalesce(
            sum(movements.quantity) filter (
                where movements.movement <> 'count'
                    and movements.occurred_at > last_counts.counted_at
            ), 0
        ) as moved_since

    from movements
    left join last_counts
        on movements.sku = last_counts.sku
        and movements.location_id = last_counts.location_id
    group by movements.sku, movements.location_id

),

claimed_units as (

    select
        sku,
        location_id,
        sum(quantity) filter (where claim = 'refunded_not_restocked')
            as refunded_not_restocked,
        sum(quantity) filter (where claim = 'restocked_not_refunded')
            as restocked_not_refunded,
        sum(quantity) filter (where claim = 'rto_unacknowledged')
            as rto_unacknowledged

    from claims
    group by sku, location_id

),

stock_truth as (

    select
        coalesce(moved_units.sku, claimed_units.sku) as sku,
        coalesce(moved_units.location_id, claimed_units.location_id) as location_id,
        cast(moved_units.counted_before + moved_units.moved_between as bigint)
            as expected_on_hand,
        cast(moved_units.counted_on_hand as bigint) as counted_on_hand,
        cast(
            moved_units.counted_on_hand
            - moved_units.counted_before - moved_units.moved_between as bigint
        ) as drift,
        cast(moved_units.counted_on_hand + moved_units.moved_since as bigint)
            as on_hand_now,
        cast(coalesce(claimed_units.refunded_not_restocked, 0) as bigint)
            as refunded_not_restocked,
        cast(coalesce(claimed_units.restocked_not_refunded, 0) as bigint)
            as restocked_not_refunded,
        cast(coalesce(claimed_units.rto_unacknowledged, 0) as bigint)
            as rto_unacknowledged,
        moved_units.counted_at

    from moved_units
    full outer join claimed_units
        on moved_units.sku = claimed_units.sku
        and moved_units.location_id = claimed_units.location_id

)

select * from stock_truth
