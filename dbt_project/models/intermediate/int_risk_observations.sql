-- What could have happened in an order and what did, for each signal: exposure and
-- evidence, within strata of like chance.
with

deliveries as (

    select * from {{ ref('int_line_deliveries') }}

),

shipments as (

    select * from {{ ref('fct_shipments') }}
    where delivered_at is not null

),

returns as (

    select * from {{ ref('fct_returns') }}
    where order_id is not null

),

claims as (

    select * from {{ ref('int_item_claims') }}
    where opened_at is not null
        and order_id is not null

),

products as (

    select * from {{ ref('dim_products') }}

),

-- shirts come back more often than tea: who buys shirts is compared with those who do
delivered_lines as (

    select
        deliveries.order_id,
        coalesce(products.category, 'unknown') as stratum,
        count(distinct coalesce(deliveries.order_line_id, deliveries.sku)) as exposure

    from deliveries
    left join products
        on deliveries.sku = products.sku
    group by deliveries.order_id, coalesce(products.category, 'unknown')

),

-- what was bought to choose from is a signal of its own
returned_lines as (

    select
        returns.order_id,
        coalesce(products.category, 'unknown') as stratum,
        count(distinct coalesce(returns.order_line_id, returns.sku)) as evidence

    from returns
    left join products
        on returns.sku = products.sku
    where returns.received_at is not null
        and returns.delivered_at is not null
        and not returns.is_bracketed
    group by returns.order_id, coalesce(products.category, 'unknown')

),

delivered_parcels as (

    select
        order_id,
        count(*) as exposure

    from shipments
    group by order_id

),

claimed_parcels as (

    select
        order_id,
        count(*) as evidence

    from claims
    group by order_id

),

observations as (

    select
        'returned_lines' as signal,
        delivered_lines.stratum,
        delivered_lines.order_id,
        delivered_lines.exposure,
        least(coalesce(returned_lines.evidence, 0), delivered_lines.exposure)
            as evidence

    from delivered_lines
    left join returned_lines
        on delivered_lines.order_id = returned_lines.order_id
        and delivered_lines.stratum = returned_lines.stratum

    union all

    -- a parcel claimed was on its way, whether or not anybody reported it delivered
    select
        'not_received_claims' as signal,
        'all' as stratum,
        coalesce(delivered_parcels.order_id, claimed_parcels.order_id) as order_id,
        greatest(
            coalesce(delivered_parcels.exposure, 0),
            coalesce(claimed_parcels.evidence, 0)
        ) as exposure,
        coalesce(claimed_parcels.evidence, 0) as evidence

    from delivered_parcels
    full outer join claimed_parcels
        on delivered_parcels.order_id = claimed_parcels.order_id

    union all

    select
        'reason_mismatches' as signal,
        'all' as stratum,
        order_id,
        count(*) as exposure,
        count(*) filter (where is_reason_mismatch) as evidence
    from returns
    where is_reason_mismatch is not null
    group by order_id

    union all

    select
        'goods_not_as_sent' as signal,
        'all' as stratum,
        order_id,
        count(*) as exposure,
        count(*) filter (
            where item_condition in ('used', 'wrong_item', 'empty_box')
                or disposition = 'missing'
        ) as evidence
    from returns
    where inspected_at is not null
    group by order_id

    union all

    select
        'flagged_returns' as signal,
        'all' as stratum,
        order_id,
        count(*) as exposure,
        count(flagged_at) as evidence
    from returns
    group by order_id

    union all

    select
        'bracketed_returns' as signal,
        'all' as stratum,
        deliveries.order_id,
        1 as exposure,
        max(case when returns.return_line_id is not null then 1 else 0 end) as evidence
    from deliveries
    left join returns
        on deliveries.order_id = returns.order_id
        and returns.is_bracketed
        and returns.received_at is not null
    group by deliveries.order_id

)

select * from observations
