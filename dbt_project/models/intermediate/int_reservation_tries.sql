{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Every try to lock units of a line at a location, with what was asked, what was got
-- and how the hold ended.
with

order_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}

),

payment_events as (

    select * from {{ ref('int_payment_events') }}
    where {{ is_affected('story_id') }}

),

answers as (

    select
        story_id,
        order_id,
        order_line_id,
        sku,
        location_id,
        reservation_id,
        attempt_no,
        event_rank,
        event_id,
        occurred_at,
        event_name = 'inventory_reservation_failed' as is_failure,
        reason_code,
        is_after_capture,
        coalesce(requested_quantity, quantity) as asked,
        case when event_name = 'inventory_reserved' then quantity else 0 end as got

    from order_events
    where event_name in ('inventory_reserved', 'inventory_reservation_failed')

),

answers_in_time as (

    select
        answers.*,
        row_number() over (
            partition by order_line_id, location_id
            order by occurred_at, event_rank, event_id
        ) as position,
        max(attempt_no) over (
            partition by order_line_id, location_id
            order by occurred_at, event_rank, event_id
            rows between unbounded preceding and 1 preceding
        ) as highest_before

    from answers

),

-- who sends no number is numbered by time, past the numbers already given
numbered_answers as (

    select
        answers_in_time.*,
        coalesce(
            attempt_no, greatest(position, highest_before + 1)
        ) as try_number

    from answers_in_time

),

answered_tries as (

    select
        order_line_id,
        location_id,
        try_number,
        min(story_id) as story_id,
        min(order_id) as order_id,
        min(sku) as sku,
        min(occurred_at) filter (where not is_failure) as reserved_at,
        min(occurred_at) filter (where is_failure) as failed_at,
        min(occurred_at) as answered_at,
        min(reason_code) filter (where is_failure) as failure_reason,
        bool_or(is_after_capture) filter (where is_failure) as said_after_capture,
        max(asked) as asked,
        sum(got) as got

    from numbered_answers
    group by order_line_id, location_id, try_number

),

-- a location is asked by a routing, or by another giving the line up
asks as (

    select
        story_id,
        order_id,
        order_line_id,
        sku,
        location_id,
        quantity,
        occurred_at as asked_at
    from order_events
    where event_name = 'order_routed'

    union all

    select
        story_id,
        order_id,
        order_line_id,
        sku,
        to_location_id as location_id,
        quantity,
        occurred_at as asked_at
    from order_events
    where event_name = 'allocation_fallback_triggered'

),

last_asks as (

    select
        order_line_id,
        location_id,
        min(story_id) as story_id,
        min(order_id) as order_id,
        min(sku) as sku,
        max(quantity) as quantity,
        max(asked_at) as asked_at

    from asks
    group by order_line_id, location_id

),

-- goods can be found missing, or a hold be lost, at any try; the reservation says
-- which, else it is the last one begun by then
losses as (

    select
        story_id,
        order_id,
        order_line_id,
        sku,
        location_id,
        reservation_id,
        event_id,
        occurred_at,
        occurred_at || lpad(cast(event_rank as varchar), 5, '0') || event_id
            as event_order,
        case event_name
            when 'inventory_reservation_released' then 'released'
            else 'unavailable'
        end as loss,
        case event_name when 'inventory_reservation_released' then release_cause end
            as release_cause,
        case event_name when 'item_pick_failed' then reason_code end as loss_reason,
        requested_quantity as asked,

        -- a picker who cannot get there has not found the shelf empty
        event_name = 'sku_unavailable'
            and discovery_stage in ('pick', 'pack')
            or event_name = 'item_pick_failed'
            and reason_code not in ('access_blocked', 'equipment_down')
            as is_missing_at_pick

    from order_events
    where event_name in ('sku_unavailable', 'item_pick_failed')
        or (
            event_name = 'inventory_reservation_released'
            and release_cause <> 'shipped'
        )

),

loss_matches as (

    select
        losses.event_id,
        coalesce(
            min(answers.try_number) filter (
                where answers.reservation_id = losses.reservation_id
            ),
            {{ max_by('answers.try_number', 'answers.position') }}
                filter (where answers.occurred_at <= losses.occurred_at),
            min(answers.try_number),
            1
        ) as try_number,
        coalesce(
            min(answers.location_id) filter (
                where answers.reservation_id = losses.reservation_id
            ),
            min(losses.location_id)
        ) as location_id,
        coalesce(min(losses.sku), min(answers.sku)) as sku

    from losses
    left join numbered_answers as answers
        on losses.order_line_id = answers.order_line_id
        and (
            losses.reservation_id = answers.reservation_id
            or losses.location_id = answers.location_id
        )
    group by losses.event_id

),

try_losses as (

    select
        losses.order_line_id,
        loss_matches.location_id,
        loss_matches.try_number,
        min(losses.story_id) as story_id,
        min(losses.order_id) as order_id,
        min(loss_matches.sku) as sku,
        max(losses.asked) as asked,
        {{ max_by('losses.loss', 'losses.event_order') }} as last_loss,
        min(losses.occurred_at) as lost_at,
        min(losses.occurred_at) filter (where losses.loss = 'unavailable')
            as unavailable_at,
        min(losses.occurred_at) filter (where losses.loss = 'released')
            as released_at,
        min(losses.release_cause) as release_cause,
        min(losses.loss_reason) as loss_reason,
        bool_or(losses.is_missing_at_pick) as is_missing_at_pick

    from losses
    inner join loss_matches
        on losses.event_id = loss_matches.event_id
    where loss_matches.location_id is not null
    group by
        losses.order_line_id,
        loss_matches.location_id,
        loss_matches.try_number

),

told_tries as (

    select
        coalesce(answered.order_line_id, lost.order_line_id) as order_line_id,
        coalesce(answered.location_id, lost.location_id) as location_id,
        coalesce(answered.try_number, lost.try_number) as try_number,
        coalesce(answered.story_id, lost.story_id) as story_id,
        coalesce(answered.order_id, lost.order_id) as order_id,
        coalesce(answered.sku, lost.sku) as sku,
        coalesce(answered.asked, lost.asked) as asked,
        coalesce(answered.got, 0) as got,
        answered.reserved_at,
        answered.failed_at,
        coalesce(answered.answered_at, lost.lost_at) as answered_at,
        answered.failure_reason,
        answered.said_after_capture,
        lost.last_loss,
        lost.lost_at,
        lost.unavailable_at,
        lost.released_at,
        lost.release_cause,
        lost.loss_reason,
        coalesce(lost.is_missing_at_pick, false) as is_missing_at_pick

    from answered_tries as answered
    full outer join try_losses as lost
        on answered.order_line_id = lost.order_line_id
        and answered.location_id = lost.location_id
        and answered.try_number = lost.try_number

),

location_states as (

    select
        order_line_id,
        location_id,
        max(try_number) as last_try_number,
        max(answered_at) as last_answered_at,
        {{ max_by('last_loss is null and failed_at is null', 'try_number') }}
            as is_held

    from told_tries
    group by order_line_id, location_id

),

order_lines as (

    select * from {{ ref('int_order_lines') }}
    where {{ is_affected('story_id') }}

),

-- asked and not answered yet; clocks of two systems differ by up to five minutes
pending_tries as (

    select
        last_asks.order_line_id,
        last_asks.location_id,
        coalesce(location_states.last_try_number, 0) + 1 as try_number,
        last_asks.story_id,
        last_asks.order_id,
        coalesce(last_asks.sku, order_lines.sku, 'unknown') as sku,
        coalesce(last_asks.quantity, order_lines.quantity) as asked,
        0 as got,
        last_asks.asked_at

    from last_asks
    left join location_states
        on last_asks.order_line_id = location_states.order_line_id
        and last_asks.location_id = location_states.location_id
    left join order_lines
        on last_asks.order_line_id = order_lines.order_line_id
    where location_states.last_try_number is null
        or (
            not location_states.is_held
            and location_states.last_answered_at
                < {{ hours_after('last_asks.asked_at', '-1.0 / 12') }}
        )

),

all_tries as (

    select
        order_line_id,
        location_id,
        try_number,
        story_id,
        order_id,
        sku,
        asked,
        got,
        reserved_at,
        failed_at,
        answered_at,
        failure_reason,
        said_after_capture,
        last_loss,
        lost_at,
        unavailable_at,
        released_at,
        release_cause,
        loss_reason,
        is_missing_at_pick,
        answered_at as known_at
    from told_tries

    union all

    select
        order_line_id,
        location_id,
        try_number,
        story_id,
        order_id,
        sku,
        asked,
        got,
        null as reserved_at,
        null as failed_at,
        null as answered_at,
        null as failure_reason,
        null as said_after_capture,
        null as last_loss,
        null as lost_at,
        null as unavailable_at,
        null as released_at,
        null as release_cause,
        null as loss_reason,
        false as is_missing_at_pick,
        asked_at as known_at
    from pending_tries

),

fallbacks as (

    select
        order_line_id,
        from_location_id,
        to_location_id,
        cost_delta_minor,
        currency,
        occurred_at as fell_back_at,
        row_number() over (
            partition by order_line_id, from_location_id
            order by occurred_at desc, event_rank desc, event_id desc
        ) as from_last

    from order_events
    where event_name = 'allocation_fallback_triggered'

),

-- the fallback stands on the last try at the location given up, known by then
fallback_tries as (

    select
        fallbacks.order_line_id,
        fallbacks.from_location_id,
        fallbacks.to_location_id,
        fallbacks.cost_delta_minor,
        fallbacks.currency,
        fallbacks.fell_back_at,
        fallbacks.from_last,
        coalesce(
            max(all_tries.try_number) filter (
                where all_tries.known_at <= fallbacks.fell_back_at
            ),
            min(all_tries.try_number)
        ) as try_number,
        bool_or(
            locked.reserved_at >= fallbacks.fell_back_at
        ) as is_fallback_success

    from fallbacks
    inner join all_tries
        on fallbacks.order_line_id = all_tries.order_line_id
        and fallbacks.from_location_id = all_tries.location_id
    left join all_tries as locked
        on fallbacks.order_line_id = locked.order_line_id
        and fallbacks.to_location_id = locked.location_id
    group by
        fallbacks.order_line_id,
        fallbacks.from_location_id,
        fallbacks.to_location_id,
        fallbacks.cost_delta_minor,
        fallbacks.currency,
        fallbacks.fell_back_at,
        fallbacks.from_last

),

last_fallbacks as (

    select
        order_line_id,
        from_location_id,
        try_number,
        {{ min_by('to_location_id', 'from_last') }} as fallback_location_id,
        {{ min_by('cost_delta_minor', 'from_last') }}
            filter (where cost_delta_minor is not null) as fallback_cost_minor,
        {{ min_by('currency', 'from_last') }}
            filter (where cost_delta_minor is not null) as currency,
        {{ min_by('is_fallback_success', 'from_last') }} as is_fallback_success,
        min(fell_back_at) as fell_back_at

    from fallback_tries
    group by order_line_id, from_location_id, try_number

),

placings as (

    select
        order_id,
        min(occurred_at) as placed_at

    from order_events
    where event_name = 'order_placed'
    group by order_id

),

first_captures as (

    select
        order_id,
        min(occurred_at) as captured_at

    from payment_events
    where event_name = 'payment_captured'
    group by order_id

),

-- a try begins when the order was placed, a later one when the line's last one ended
tries_in_time as (

    select
        all_tries.*,
        last_fallbacks.fallback_location_id,
        last_fallbacks.fallback_cost_minor,
        last_fallbacks.currency,
        last_fallbacks.order_line_id is not null as fell_back,
        coalesce(last_fallbacks.is_fallback_success, false) as is_fallback_success,
        placings.placed_at,
        first_captures.captured_at,
        row_number() over (
            partition by all_tries.order_line_id
            order by all_tries.known_at, all_tries.location_id, all_tries.try_number
        ) as line_position,
        lag(
            coalesce(
                all_tries.failed_at, all_tries.lost_at, last_fallbacks.fell_back_at
            )
        ) over (
            partition by all_tries.order_line_id
            order by all_tries.known_at, all_tries.location_id, all_tries.try_number
        ) as previous_ended_at,
        lag(all_tries.known_at) over (
            partition by all_tries.order_line_id
            order by all_tries.known_at, all_tries.location_id, all_tries.try_number
        ) as previous_known_at

    from all_tries
    left join last_fallbacks
        on all_tries.order_line_id = last_fallbacks.order_line_id
        and all_tries.location_id = last_fallbacks.from_location_id
        and all_tries.try_number = last_fallbacks.try_number
    left join placings
        on all_tries.order_id = placings.order_id
    left join first_captures
        on all_tries.order_id = first_captures.order_id

),

tries as (

    select
        order_line_id || ':' || location_id || ':' || try_number as reservation_key,
        story_id,
        order_id,
        order_line_id,
        sku,
        location_id,
        case
            -- one number, two answers: some units were locked and the rest were not
            when failed_at is not null and got < asked then 'failed'
            when last_loss is not null then last_loss
            when reserved_at is not null then 'reserved'
            else 'pending'
        end as outcome,
        coalesce(failure_reason, loss_reason) as reason_code,
        release_cause,
        fallback_location_id,
        currency,
        fallback_cost_minor,
        cast(try_number as bigint) as try_number,
        cast(asked as bigint) as quantity_requested,
        cast(got as bigint) as quantity_reserved,

        -- what the order's own captures say wins over the flag that was sent
        coalesce(
            captured_at <= coalesce(failed_at, unavailable_at, reserved_at),
            said_after_capture,
            false
        ) as is_after_capture,
        is_missing_at_pick,
        fell_back,
        is_fallback_success,
        case
            when line_position = 1 then coalesce(placed_at, known_at)
            -- a hold for part of the line may outlast the try for the rest
            when previous_ended_at <= known_at then previous_ended_at
            else previous_known_at
        end as requested_at,
        reserved_at,
        failed_at,
        unavailable_at,
        released_at,
        answered_at

    from tries_in_time

)

select * from tries
