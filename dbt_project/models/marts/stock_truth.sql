with

movements as (

    select * from {{ ref('stock_movements') }}

),

claims as (

    select * from {{ ref('int_stock_claims') }}

),

shelves as (

    select
        sku,
        location_id,
        min(quantity) filter (where stretch = 'count_before') as counted_before,
        coalesce(sum(quantity) filter (where stretch = 'between_counts'), 0)
            as moved_between,
        min(quantity) filter (where stretch = 'last_count') as counted_on_hand,
        min(occurred_at) filter (where stretch = 'last_count') as counted_at,
        coalesce(sum(quantity) filter (where stretch = 'since_count'), 0)
            as moved_since

    from movements
    group by sku, location_id

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
        coalesce(shelves.sku, claimed_units.sku) as sku,
        coalesce(shelves.location_id, claimed_units.location_id) as location_id,
        cast(shelves.counted_before + shelves.moved_between as bigint)
            as expected_on_hand,
        cast(shelves.counted_on_hand as bigint) as counted_on_hand,
        cast(
            shelves.counted_on_hand
            - shelves.counted_before - shelves.moved_between as bigint
        ) as drift,
        cast(shelves.counted_on_hand + shelves.moved_since as bigint)
            as on_hand_now,
        cast(coalesce(claimed_units.refunded_not_restocked, 0) as bigint)
            as refunded_not_restocked,
        cast(coalesce(claimed_units.restocked_not_refunded, 0) as bigint)
            as restocked_not_refunded,
        cast(coalesce(claimed_units.rto_unacknowledged, 0) as bigint)
            as rto_unacknowledged,
        shelves.counted_at

    from shelves
    full outer join claimed_units
        on shelves.sku = claimed_units.sku
        and shelves.location_id = claimed_units.location_id

)

select * from stock_truth
