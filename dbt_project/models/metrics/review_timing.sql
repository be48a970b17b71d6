with

line_reviews as (

    select * from {{ ref('line_reviews') }}
    where delivered_at is not null

),

delays as (

    select * from {{ ref('review_delays') }}

),

clock as (

    select
        as_of,
        {{ store_date('as_of') }} as today

    from {{ ref('stg_clock') }}

),

aged_lines as (

    select
        clock.today - {{ store_date('line_reviews.delivered_at') }} as age_days,
        line_reviews.ask_delay_days,
        line_reviews.organic_delay_days,
        {{ days_between('line_reviews.asked_at', 'clock.as_of') }}
        >= {{ var('review_answer_days') }} as is_matured,
        coalesce(
            {{ days_between('line_reviews.asked_at', 'line_reviews.responded_at') }}
            <= {{ var('review_answer_days') }}, false
        ) as is_answered_in_time,
        line_reviews.responded_at,
        line_reviews.response_rating

    from line_reviews
    cross join clock

),

-- few days of age and delay: every stretch reads these, not the lines
alike_lines as (

    select
        age_days,
        ask_delay_days,
        organic_delay_days,
        is_matured,
        is_answered_in_time,
        count(*) as lines,
        count(responded_at) as responded,
        sum(response_rating) as rating_sum

    from aged_lines
    group by
        age_days, ask_delay_days, organic_delay_days, is_matured, is_answered_in_time

),

counts as (

    select
        delays.delay_bucket,
        delays.first_day,
        delays.last_day,
        cast(coalesce(sum(alike_lines.lines), 0) as bigint) as delivered_lines,
        cast(coalesce(sum(alike_lines.lines) filter (
            where {{ is_in_delay('alike_lines.ask_delay_days') }}
        ), 0) as bigint) as asked,
        cast(coalesce(sum(alike_lines.responded) filter (
            where {{ is_in_delay('alike_lines.ask_delay_days') }}
        ), 0) as bigint) as responded,
        sum(alike_lines.rating_sum) filter (
            where {{ is_in_delay('alike_lines.ask_delay_days') }}
        ) as rating_sum,
        cast(coalesce(sum(alike_lines.lines) filter (
            where {{ is_in_delay('alike_lines.ask_delay_days') }}
                and alike_lines.is_matured
        ), 0) as bigint) as matured_asked,
        cast(coalesce(sum(alike_lines.lines) filter (
            where {{ is_in_delay('alike_lines.ask_delay_days') }}
                and alike_lines.is_matured
                and alike_lines.is_answered_in_time
        ), 0) as bigint) as matured_responded,

        -- who was asked by its end was not left alone in it, and who is still in it
        -- has not been yet
        cast(coalesce(sum(alike_lines.lines) filter (
            where {{ is_left_alone() }}
        ), 0) as bigint) as unasked_lines,
        cast(coalesce(sum(alike_lines.lines) filter (
            where {{ is_left_alone() }}
                and {{ is_in_delay('alike_lines.organic_delay_days') }}
        ), 0) as bigint) as organic_reviews

    from delays
    left join alike_lines
        on coalesce(delays.first_day, 0) <= alike_lines.age_days
    group by delays.delay_bucket, delays.first_day, delays.last_day

),

-- an ask before delivery is about something else: it is nobody's comparison
totals as (

    select
        sum(matured_asked) as matured_asked,
        sum(matured_responded) as matured_responded

    from counts
    where first_day is not null

),

compared as (

    select
        counts.*,
        case
            when counts.first_day is not null
                then totals.matured_asked - counts.matured_asked
        end as other_asked,
        totals.matured_responded - counts.matured_responded as other_responded,
        cast(totals.matured_responded as double) / nullif(totals.matured_asked, 0)
            as pooled_rate

    from counts
    cross join totals

),

rates as (

    select
        *,
        cast(responded as double) / nullif(asked, 0) as response_rate,
        {{ wilson_lower('responded', 'asked') }} as lower,
        {{ wilson_upper('responded', 'asked') }} as upper,
        rating_sum / nullif(responded, 0) as mean_rating,
        cast(organic_reviews as double) / nullif(unasked_lines, 0) as organic_rate,
        cast(matured_responded as double) / nullif(matured_asked, 0) as matured_rate,
        {{ wilson_lower('matured_responded', 'matured_asked') }} as matured_lower,
        {{ wilson_upper('matured_responded', 'matured_asked') }} as matured_upper,
        cast(other_responded as double) / nullif(other_asked, 0) as other_rate,
        {{ wilson_lower('other_responded', 'other_asked') }} as other_lower,
        {{ wilson_upper('other_responded', 'other_asked') }} as other_upper,
        least(matured_asked, other_asked) >= {{ var('rankable_from') }}
            as is_comparable

    from compared

),

effects as (

    select
        *,
        case when is_comparable then matured_rate - other_rate end as effect,
        case when is_comparable then {{ newcombe_lower('matured', 'other') }} end
            as effect_lower,
        case when is_comparable then {{ newcombe_upper('matured', 'other') }} end
            as effect_upper,

        -- of eight looks one in three would find something at 95 % each
        coalesce(
            is_comparable
            and last_day is not null
            and matured_rate - other_rate > {{ var('review_delay_errors') }} * sqrt(
                pooled_rate * (1 - pooled_rate)
                * (1.0 / nullif(matured_asked, 0) + 1.0 / nullif(other_asked, 0))
            ), false
        ) as is_learned

    from rates

),

review_timing as (

    select
        delay_bucket,
        first_day,
        last_day,
        delivered_lines,
        asked,
        responded,
        response_rate,
        lower,
        upper,
        mean_rating,
        matured_asked,
        matured_responded,
        matured_rate,
        matured_lower,
        matured_upper,
        unasked_lines,
        organic_reviews,
        organic_rate,
        effect,
        effect_lower,
        effect_upper,
        is_learned

    from effects

)

select * from review_timing
