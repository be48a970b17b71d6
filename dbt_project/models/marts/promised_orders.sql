with

-- a label never shipped is no parcel yet
parcels as (

    select
        *,
        case when outcome = 'delivered' then delivered_at end as handed_over_at

    from {{ ref('fct_shipments') }}
    where shipped_at is not null
        or outcome <> 'open'

),

orders as (

    select * from {{ ref('fct_orders') }}

),

milestones as (

    select * from {{ ref('int_order_milestones') }}

),

promises_in_force as (

    select * from {{ ref('int_promises_in_force') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

revised_orders as (

    select distinct order_id
    from {{ ref('fct_delivery_promises') }}
    where not is_original

),

-- one still under way, or that went back, comes after all that arrived
ranked_parcels as (

    select
        *,
        row_number() over (
            partition by order_id
            order by handed_over_at desc nulls first, shipment_id desc
        ) as parcels_to_last,
        bool_and(
            handed_over_at is not null and shipped_at is not null
        ) over (partition by order_id) as is_all_handed_over

    from parcels

),

shipped_orders as (

    select
        parcels.order_id,
        parcels.carrier,
        {{ lane('parcels.origin_location_id', 'parcels.destination_region') }} as lane,
        parcels.original_promise_at,
        parcels.effective_promise_at,
        parcels.false_delivery,

        -- every parcel arrived, and some units have not been sent yet
        coalesce(
            parcels.is_all_handed_over and not orders.is_delivered, false
        ) as is_rest_unsent,
        parcels.handed_over_at,
        parcels.first_attempt_at

    from ranked_parcels as parcels
    left join orders
        on parcels.order_id = orders.order_id
    where parcels.parcels_to_last = 1

),

-- handed over at a counter or as a download, or not at all
ranked_promises as (

    select
        promises.*,
        row_number() over (
            partition by promises.order_id
            order by promises.shipment_id is not null, promises.shipment_id desc
        ) as promise_rank

    from promises_in_force as promises
    left join shipped_orders
        on promises.order_id = shipped_orders.order_id
    where shipped_orders.order_id is null

),

unshipped_orders as (

    select
        promises.order_id,
        'unknown' as carrier,
        {{ lane('null', 'null') }} as lane,
        promises.original_promise_at,
        promises.effective_promise_at,
        false as false_delivery,
        coalesce(orders.is_delivered, false) = false as is_rest_unsent,
        orders.last_delivered_at as handed_over_at,
        coalesce(milestones.pickup_ready_at, orders.last_delivered_at)
            as first_attempt_at

    from ranked_promises as promises
    left join orders
        on promises.order_id = orders.order_id
    left join milestones
        on promises.order_id = milestones.order_id
    where promises.promise_rank = 1
        and not coalesce(orders.is_cancelled, false)

),

promises_made as (

    select * from shipped_orders
    where original_promise_at is not null

    union all

    select * from unshipped_orders

),

due_orders as (

    select
        promises_made.order_id,
        promises_made.carrier,
        promises_made.lane,
        promises_made.original_promise_at,
        promises_made.effective_promise_at,
        promises_made.false_delivery,
        true as is_judged,
        revised_orders.order_id is not null as is_revised,
        case when not promises_made.is_rest_unsent
            then promises_made.handed_over_at
        end as handed_over_at,
        case when not promises_made.false_delivery
            then promises_made.first_attempt_at
        end as first_attempt_at,
        clock.as_of

    from promises_made
    left join revised_orders
        on promises_made.order_id = revised_orders.order_id
    cross join clock

),

judged_orders as (

    select
        *,
        {{ store_date('original_promise_at') }} as date,
        {{ is_on_time_by_day('original_promise_at') }} as has_kept_original,
        {{ is_on_time_by_day('effective_promise_at') }} as has_kept_current,
        {{ is_on_time_by_instant('original_promise_at') }}
            as has_kept_original_timestamp,
        {{ is_on_time_by_instant('effective_promise_at') }}
            as has_kept_current_timestamp,
        {{ store_date('first_attempt_at') }}
        <= {{ store_date('original_promise_at') }} as has_tried_on_time,
        first_attempt_at <= original_promise_at as has_tried_on_time_timestamp,
        {{ days_between('handed_over_at', 'original_promise_at') }} as padding_days

    from due_orders

),

promised_orders as (

    select
        order_id,
        carrier,
        lane,
        is_revised,

        -- both promises decided, so that their rates are of the same orders
        has_kept_original is not null
        and has_kept_current is not null as is_decided,
        has_kept_original,
        has_kept_current,
        has_tried_on_time,
        has_kept_original_timestamp,
        has_kept_current_timestamp,
        has_tried_on_time_timestamp,
        padding_days,
        original_promise_at,
        effective_promise_at,
        first_attempt_at,
        handed_over_at,
        date

    from judged_orders

)

select * from promised_orders
