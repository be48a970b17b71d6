with

claims as (

    select * from {{ ref('int_item_claims') }}

),

addresses as (

    select * from {{ ref('int_order_addresses') }}

),

shipments as (

    select * from {{ ref('fct_shipments') }}

),

deliveries as (

    select
        shipments.shipment_id,
        addresses.address_hash,
        shipments.delivered_at

    from shipments
    left join addresses
        on shipments.order_id = addresses.order_id
    where shipments.delivered_at is not null

),

counted_claims as (

    select
        *,
        case
            when address_hash is not null and opened_at is not null
                then row_number() over (
                    partition by address_hash order by opened_at nulls last, claim_id
                ) - 1
        end as prior_claims

    from claims

),

deliveries_before as (

    select
        counted_claims.claim_id,
        count(*) as delivery_count

    from counted_claims
    inner join deliveries
        on counted_claims.address_hash = deliveries.address_hash
        and counted_claims.opened_at >= deliveries.delivered_at
    group by counted_claims.claim_id

),

claim_counts as (

    select count(*) as claim_count
    from claims
    where opened_at is not null

),

delivery_counts as (

    select count(*) as delivery_count
    from deliveries

),

-- what was claimed was on its way there, whether or not anybody reported it delivered
placed_claims as (

    select
        counted_claims.*,
        counted_claims.prior_claims + 1 as claims_so_far,
        case
            when counted_claims.prior_claims is not null
                then greatest(
                    coalesce(deliveries_before.delivery_count, 0),
                    counted_claims.prior_claims + 1
                )
        end as deliveries_at_address,
        least(
            cast(claim_counts.claim_count as double)
            / nullif(delivery_counts.delivery_count, 0), 1
        ) as claim_rate

    from counted_claims
    left join deliveries_before
        on counted_claims.claim_id = deliveries_before.claim_id
    cross join claim_counts
    cross join delivery_counts

),

exposed_claims as (

    select
        *,
        deliveries_at_address * claim_rate as expected_claims

    from placed_claims

),

chances as (

    {{ poisson_tail('exposed_claims', 'expected_claims', 'claims_so_far') }}

),

judged_claims as (

    select
        claims.claim_id,
        claims.story_id,
        claims.order_id,
        claims.shipment_id,
        shipments.carrier,
        claims.address_hash,

        -- what is known of the parcel; nobody's guilt
        case
            when shipments.false_delivery then 'false_delivery'
            when shipments.delivered_at is null
                or shipments.delivered_at > claims.opened_at then 'not_delivered'
            when coalesce(claims.has_delivery_proof, false)
                or coalesce(claims.has_gps_match, false)
                or coalesce(claims.is_otp_verified, false) then 'delivered_with_proof'
            else 'delivered_without_proof'
        end as reason,
        case
            when claims.resolution = 'denied' then 'denied'
            when claims.resolution = 'found' then 'withdrawn'
            when claims.resolution is not null then 'approved'
        end as decision,
        claims.resolution,
        claims.refund_id,
        claims.new_order_id,
        claims.currency,
        case
            when claims.amount_minor is not null
                then {{ to_amount('claims.amount_minor', 'claims.currency') }}
        end as amount,
        case
            when claims.loss_minor is not null
                then {{ to_amount('claims.loss_minor', 'claims.currency') }}
        end as loss_amount,
        cast(claims.prior_claims as bigint) as prior_claims_at_address,
        cast(claims.deliveries_at_address as bigint) as deliveries_at_address,
        claims.expected_claims,
        chances.poisson_tail as expected_by_chance,
        claims.has_delivery_proof,
        claims.has_gps_match,
        claims.is_otp_verified,
        shipments.delivered_at,
        claims.opened_at,
        claims.decided_at

    from exposed_claims as claims
    left join shipments
        on claims.shipment_id = shipments.shipment_id
    left join chances
        on claims.expected_claims = chances.expected_claims
        and claims.claims_so_far = chances.claims_so_far

)

select * from judged_claims
