-- Silence is judged hour by hour: what the same hours of the week brought before is
-- added up backwards until enough events should have come, and then asked whether one
-- did. Sums run over all hours, so that any window is a difference of two sums.
--
-- Sixteen events of a feed that brings them by the dozen are no more than one chance
-- to be heard of: such a feed is asked for sixteen of its bursts.
{%- set weeks = var('silence_history_weeks') | int -%}
{%- set history_hours = weeks * 168 -%}
{%- set enough_before = (var('silence_expected_events') | int) * weeks -%}
{%- set judged_hours = var('silence_judged_hours') | int %}

with

arrivals as (

    select * from {{ ref('int_arrivals') }}

),

clock as (

    select date_trunc('hour', {{ store_time('as_of') }}) as this_hour
    from {{ ref('stg_clock') }}

),

feeds as (

    select
        source,
        event_name,
        min(arrived_hour) as first_hour

    from arrivals
    group by source, event_name

),

ages as (

    {{ whole_numbers(judged_hours + 2 * history_hours) }}

),

-- only whole hours, and only those with a whole history before them
hours as (

    select
        feeds.source,
        feeds.event_name,
        {{ hours_after('clock.this_hour', '-1 - ages.number') }} as hour_at

    from feeds
    cross join clock
    cross join ages
    where {{ hours_after('clock.this_hour', '-1 - ages.number') }}
        >= {{ hours_after('feeds.first_hour', history_hours) }}

),

days_off as (

    select distinct date from {{ ref('holidays') }}

),

weeks_before as (

    select number + 1 as week_number
    from ({{ whole_numbers(weeks) }}) as whole_numbers

),

arrivals_repeated as (

    select
        arrivals.source,
        arrivals.event_name,
        arrivals.arrived,
        {{ hours_after('arrivals.arrived_hour', 'weeks_before.week_number * 168') }}
            as hour_at

    from arrivals
    cross join clock
    cross join weeks_before
    where arrivals.arrived_hour >= {{ hours_after(
        'clock.this_hour', '-(' ~ judged_hours ~ ' + 3 * ' ~ history_hours ~ ')'
    ) }}

),

usual as (

    select
        source,
        event_name,
        hour_at,
        sum(arrived) as arrived_before

    from arrivals_repeated
    group by source, event_name, hour_at

),

hours_counted as (

    select
        hours.source,
        hours.event_name,
        hours.hour_at,
        coalesce(arrivals.arrived, 0) as arrived,

        -- added up over the weeks, so that sums stay whole numbers
        coalesce(usual.arrived_before, 0) as arrived_usually,
        days_off.date is not null as is_day_off

    from hours
    left join days_off
        on cast(hours.hour_at as date) = days_off.date
    left join arrivals
        on hours.source = arrivals.source
        and hours.event_name = arrivals.event_name
        and hours.hour_at = arrivals.arrived_hour
    left join usual
        on hours.source = usual.source
        and hours.event_name = usual.event_name
        and hours.hour_at = usual.hour_at

),

-- a bank tells nothing on Sundays, and so nothing is awaited of it on a holiday
hours_rested as (

    select
        hours_counted.*,
        case
            when is_day_off
                and coalesce(
                    sum(arrived) filter (
                        where extract(isodow from hour_at) = 7
                    ) over feed_before, 0
                )
                <= {{ var('silence_sunday_share') }} * sum(arrived) over feed_before
                then 0
            else arrived_usually
        end as arrived_before

    from hours_counted
    window feed_before as (
        partition by source, event_name
        order by hour_at
        rows between {{ history_hours }} preceding and 1 preceding
    )

),

excused as (

    select
        source,
        hour_at,
        sum(arrived_usually - arrived_before) as arrived_excused

    from hours_rested
    where is_day_off and event_name <> 'any'
    group by source, hour_at

),

-- nor is it awaited of a source that tells other things besides
hours_awaited as (

    select
        hours_rested.source,
        hours_rested.event_name,
        hours_rested.hour_at,
        hours_rested.arrived,
        case
            when hours_rested.event_name = 'any'
                then greatest(
                    hours_rested.arrived_before
                    - coalesce(excused.arrived_excused, 0),
                    0
                )
            else hours_rested.arrived_before
        end as arrived_before

    from hours_rested
    left join excused
        on hours_rested.source = excused.source
        and hours_rested.hour_at = excused.hour_at

),

-- how much wider than Poisson's the counts of hours have spread around their means;
-- a mean of four weeks misses by a quarter of the variance itself
hours_summed as (

    select
        hours_awaited.*,
        sum(arrived) over feed_so_far as arrived_so_far,
        sum(arrived_before) over feed_so_far as before_so_far,
        sum(power(arrived - arrived_before / {{ weeks }}.0, 2)) over feed_before
        / nullif(sum(arrived_before) over feed_before, 0)
        * {{ weeks }} / (1 + 1.0 / {{ weeks }}) as dispersion

    from hours_awaited
    window
        feed_so_far as (
            partition by source, event_name
            order by hour_at
            rows between unbounded preceding and current row
        ),
        feed_before as (
            partition by source, event_name
            order by hour_at
            rows between {{ history_hours }} preceding and 1 preceding
        )

),

hours_scaled as (

    select
        hours_summed.*,
        case
            when dispersion >= {{ var('silence_burst_from') }} then dispersion else 1
        end as burst

    from hours_summed

),

-- a window may begin with an hour once enough was usual from there to the hour judged
points as (

    select
        source,
        event_name,
        before_so_far - arrived_before as point,
        0 as is_judged,
        hour_at as window_start,
        arrived_so_far - arrived as arrived_until_start,
        before_so_far - arrived_before as before_until_start,
        cast(null as timestamp) as hour_at,
        cast(null as bigint) as arrived_so_far,
        cast(null as bigint) as before_so_far,
        cast(null as double) as burst

    from hours_scaled

    union all

    select
        source,
        event_name,
        before_so_far - {{ enough_before }} * burst as point,
        1 as is_judged,
        cast(null as timestamp) as window_start,
        cast(null as bigint) as arrived_until_start,
        cast(null as bigint) as before_until_start,
        hour_at,
        arrived_so_far,
        before_so_far,
        burst

    from hours_scaled

),

windows as (

    select
        source,
        event_name,
        hour_at,
        is_judged,
        arrived_so_far,
        before_so_far,
        burst,
        max(window_start) over starts_so_far as window_start,
        max(arrived_until_start) over starts_so_far as arrived_until_start,
        max(before_until_start) over starts_so_far as before_until_start

    from points
    window starts_so_far as (
        partition by source, event_name
        order by point, is_judged
        rows between unbounded preceding and current row
    )

),

judged as (

    select
        windows.source,
        windows.event_name,
        windows.hour_at,
        windows.window_start,
        windows.burst,
        cast(windows.before_so_far - windows.before_until_start as double) / {{ weeks }}
            as expected_count,
        cast(windows.arrived_so_far - windows.arrived_until_start as bigint)
            as observed_count

    from windows
    cross join clock
    where windows.is_judged = 1
        and windows.window_start is not null
        and windows.hour_at
            >= {{ hours_after('clock.this_hour', '-' ~ judged_hours) }}

),

lowest as (

    {{ poisson_lower('judged', 'expected_count') }}

),

missing_events as (

    select
        judged.source,
        judged.event_name,
        judged.expected_count,
        judged.observed_count,
        lowest.poisson_lower as lower,
        judged.burst,
        judged.observed_count = 0 as is_silent,
        {{ store_instant('judged.hour_at') }} as hour,
        {{ store_instant('judged.window_start') }} as window_started_at

    from judged
    inner join lowest
        on judged.expected_count = lowest.expected_count

)

select * from missing_events
