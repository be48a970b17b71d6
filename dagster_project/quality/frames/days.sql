-- Sums the last seven weeks up by day, for suites that compare the newest days with the
-- weeks before them. A day is 24 whole hours before the clock, not a store day: the
-- newest is complete whenever a build is judged, and every day has each hour once.
--
-- Only what was known at the clock counts, so that a past clock shows what it showed.

create or replace temp table judged_clock as
select date_trunc('hour', as_of) as ends_at
from control.clock;

create or replace temp macro day_of(happened_at) as (
    (select epoch(ends_at) from judged_clock)::bigint
    - floor(epoch(happened_at))::bigint - 1
) // 86400;

create or replace temp macro is_known(happened_at, known_at) as (
    happened_at < (select ends_at from judged_clock)
    and happened_at >= (select ends_at from judged_clock) - interval '50 days'
    and known_at <= (select as_of from control.clock)
);

-- what each source told, by the hour it speaks of and by the hour it came in
create or replace temp table feed_hours as
select
    source,
    event_name,
    day_of(occurred_at) as day,
    (
        (select epoch(ends_at) from judged_clock)::bigint
        - floor(epoch(occurred_at))::bigint - 1
    ) // 3600 as hour,
    count(*) as told
from (
    select source, event_name, occurred_at, ingested_at, is_retracted
    from intermediate.int_order_event_facts
    union all
    select source, event_name, occurred_at, ingested_at, is_retracted
    from intermediate.int_payment_event_facts
    union all
    select source, event_name, occurred_at, ingested_at, is_retracted
    from intermediate.int_return_event_facts
) as facts
where is_known(occurred_at, ingested_at) and not is_retracted
group by all;

create or replace temp table feed_days as
select source, coalesce(event_name, 'any') as event_name, day, sum(told)::bigint as told
from feed_hours
group by grouping sets ((source, event_name, day), (source, day));

-- When a feed spoke, to the hour; the hours between two are its silences.
create or replace temp table feed_silences as
with spoken as (
    select distinct
        source,
        event_name,
        floor(epoch(ingested_at))::bigint // 3600 as spoken_in
    from intermediate.int_events_described
    where is_known(ingested_at, ingested_at)
),

silences as (
    select
        source,
        event_name,
        spoken_in,
        lead(spoken_in) over (partition by source, event_name order by spoken_in)
        - spoken_in as hours
    from spoken
)

select
    source,
    event_name,
    count(*) as spells,
    epoch(any_value(ends_at))::bigint // 3600 - max(spoken_in) as hours_now,
    max(hours) as longest_hours
from silences
cross join judged_clock
group by source, event_name;

-- The newest day and the one before, against the mean of the same 24 hours of the week in
-- the four weeks before. How far days spread around that mean is learned from the 28
-- days before: 28 residuals about 7 means leave 21 degrees. A mean of four days misses
-- by a quarter of the variance itself.
create or replace temp table feed_verdicts as
with days as (
    select unnest(range(0, 36)) as day
),

feeds as (
    select source, event_name
    from feed_days
    group by source, event_name
    -- of a feed younger than the weeks compared nothing is usual yet
    having max(day) >= 28
),

counted as (
    select
        feeds.source,
        feeds.event_name,
        days.day,
        coalesce(feed_days.told, 0) as told
    from feeds
    cross join days
    left join feed_days
        on feeds.source = feed_days.source
        and feeds.event_name = feed_days.event_name
        and days.day = feed_days.day
),

judged as (
    select
        now.source,
        now.event_name,
        now.day,
        now.told,
        avg(before.told) filter (where before.day % 7 = now.day % 7) as usual
    from counted as now
    inner join counted as before
        on now.source = before.source
        and now.event_name = before.event_name
        and before.day > now.day
        and before.day <= now.day + 28
    where now.day <= 1
    group by all
),

weekdays as (
    select
        judged.source,
        judged.event_name,
        judged.day,
        avg(counted.told) as mean,
        var_pop(counted.told) * 4 as squares
    from judged
    inner join counted
        on judged.source = counted.source
        and judged.event_name = counted.event_name
        and counted.day > judged.day
        and counted.day <= judged.day + 28
    group by judged.source, judged.event_name, judged.day, counted.day % 7
),

dispersions as (
    select
        source,
        event_name,
        day,
        greatest(1, sum(squares) / 21 / nullif(avg(mean), 0)) as dispersion
    from weekdays
    group by source, event_name, day
),

-- around a holiday, and when what it held up is caught up on, no day is usual
holidays as (
    select distinct date_diff('day', date::timestamptz, ends_at) as day
    from seeds.holidays
    cross join judged_clock
    where date between ends_at::date - 40 and ends_at::date + 1
)

select
    judged.*,
    dispersion,
    (told - usual) / sqrt(dispersion * greatest(usual, 1) * 1.25) as errors,
    exists (
        from holidays where holidays.day between judged.day - 1 and judged.day + 2
    ) as is_by_holiday
from judged
inner join dispersions
    on judged.source = dispersions.source
    and judged.event_name = dispersions.event_name
    and judged.day = dispersions.day;

-- Whole hours in which a source, all its events together, or the whole shop told
-- nothing, against the same hours of the week before. Of the newest twelve a late report
-- may still come in.
create or replace temp table lost_hours as
with hours as (
    select coalesce(source, 'all') as source, hour, sum(told) as told
    from feed_hours
    group by grouping sets ((source, hour), (hour))
),

usual as (
    select
        before.source,
        before.hour % 168 as hour,
        sum(before.told) / 4 as usual
    from hours as before
    where before.hour >= 48 and before.hour < 48 + 4 * 168
    group by all
),

spread as (
    select
        usual.source,
        greatest(
            1,
            sum(power(coalesce(hours.told, 0) - usual.usual, 2))
            / sum(usual.usual) * 4 / 3
        ) as dispersion
    from usual
    cross join range(0, 4) as weeks (week)
    left join hours
        on usual.source = hours.source
        and hours.hour = usual.hour + 168 * weeks.week
            + if(usual.hour < 48, 168, 0)
    group by usual.source
)

select
    usual.source,
    usual.hour,
    usual.usual,
    spread.dispersion,
    judged_clock.ends_at - to_hours(usual.hour::integer + 1) as lost_at
from usual
inner join spread on usual.source = spread.source
cross join judged_clock
left join hours
    on usual.source = hours.source and usual.hour = hours.hour
where usual.hour between 12 and 47
    and coalesce(hours.told, 0) = 0
    and usual.usual / spread.dispersion >= 16;

-- Facts that say the same at the same second under another id: one feed told twice.
create or replace temp table repeats as
with facts as (
    select
        'orders' as what, source, day_of(occurred_at) as day, order_id as id,
        hash(
            coalesce(customer_id, email_hash, ''), currency, total_minor, occurred_at
        ) as said
    from intermediate.int_order_event_facts
    where event_name = 'order_placed'
        and not is_retracted
        and is_known(occurred_at, ingested_at)

    union all

    select
        'captures', source, day_of(occurred_at), coalesce(capture_id, payment_id),
        hash(payment_method, currency, amount_minor, occurred_at)
    from intermediate.int_payment_event_facts
    where event_name = 'payment_captured'
        and not is_retracted
        and is_known(occurred_at, ingested_at)

    union all

    select
        'refunds', source, day_of(occurred_at), refund_id,
        hash(order_id, return_line_id, currency, amount_minor)
    from intermediate.int_payment_event_facts
    where event_name = 'refund_initiated'
        and not is_retracted
        and is_known(occurred_at, ingested_at)
),

told as (
    select what, source, said, min(day) as day, count(distinct id) as times
    from facts
    group by what, source, said
),

windows as (
    select
        what,
        source,
        span,
        sum(times) as facts,
        sum(times) filter (where times > 1) - count(*) filter (where times > 1)
            as repeated
    from told
    cross join (values (1), (3), (7)) as spans (span)
    where day < span
    group by what, source, span
    having sum(times) >= 30
)

select
    what,
    source,
    min(span) as days,
    arg_min(facts, span) as facts,
    coalesce(arg_min(repeated, span), 0) / arg_min(facts, span) as repeated_share
from windows
group by what, source;

-- Since when a feed tells: in a young one, what follows late is still to come.
create or replace temp table feed_starts as
select source, event_name, day_of(min(occurred_at)) as first_day
from (
    select source, event_name, occurred_at from intermediate.int_order_event_facts
    union all
    select source, event_name, occurred_at from intermediate.int_payment_event_facts
    union all
    select source, event_name, occurred_at from intermediate.int_return_event_facts
) as facts
group by source, event_name;

-- What should follow what, by source where one system tells both, against the four weeks
-- before. The window ends a day before the clock, for late reports, and is a week, and
-- two weeks for what is rare: whole weeks, so that none has a Sunday more. What goes
-- before is counted as many days earlier as the step usually takes.
--
-- How far days have spread around what follows on their weekday is learned from the four
-- weeks before (28 residuals about 7 shares leave 21 degrees): banks pay in batches and
-- rest on holidays, and two such batches are not sixty payments.
create or replace temp table rate_verdicts as
with pairs (rate, later, earlier, lag, is_by_source) as (
    values
        ('captured to authorized', 'payment_captured', 'payment_authorized', 0, true),
        ('settled to captured', 'payment_settled', 'payment_captured', 4, true),
        ('authorized to tried', 'payment_authorized', 'payment_initiated', 0, true),
        ('shipped to placed', 'shipment_shipped', 'order_placed', 2, false),
        ('delivered to shipped', 'shipment_delivered', 'shipment_shipped', 4, false),
        ('returned to delivered', 'return_initiated', 'shipment_delivered', 6, false),
        ('received to returned', 'return_received', 'return_initiated', 5, false),
        ('refunded to placed', 'refund_initiated', 'order_placed', 7, false),
        ('cancelled to placed', 'order_cancelled', 'order_placed', 0, false),
        ('confirmed to placed', 'order_confirmation_sent', 'order_placed', 0, false),
        ('promised to placed', 'delivery_promise_confirmed', 'order_placed', 0, false),
        ('remitted to collected', 'cod_remitted', 'cod_collected', 6, false)
),

days as (
    select
        rate,
        if(is_by_source, source, 'all') as source,
        day - if(event_name = pairs.earlier, lag, 0) as day,
        sum(told) filter (where event_name = pairs.later) as later,
        sum(told) filter (where event_name = pairs.earlier) as earlier
    from feed_days
    inner join pairs on event_name in (pairs.later, pairs.earlier)
    group by all
),

starts as (
    -- after two weeks more than usual nearly all has followed that ever will
    select
        rate,
        if(is_by_source, source, 'all') as source,
        max(first_day - lag - 14) as told_enough_from
    from feed_starts
    inner join pairs on event_name = pairs.earlier
    group by all
),

sums as (
    select
        days.rate,
        days.source,
        span,
        coalesce(sum(later) filter (where day between 1 and span), 0) as later,
        coalesce(sum(earlier) filter (where day between 1 and span), 0) as earlier,
        sum(later) filter (where day between span + 1 and span + 28) as later_before,
        sum(earlier) filter (where day between span + 1 and span + 28)
            as earlier_before,
        count(distinct day) filter (where day between span + 1 and span + 28) as days
    from days
    cross join (values (7), (14)) as spans (span)
    inner join starts on days.rate = starts.rate and days.source = starts.source
    where starts.told_enough_from >= span + 28
    group by days.rate, days.source, span
    having days >= 21 and earlier * later_before / earlier_before >= 60
),

weekdays as (
    select
        sums.rate,
        sums.source,
        sums.span,
        sum(coalesce(later_that_day, 0)) as later,
        sum(coalesce(earlier_that_day, 0)) as earlier,
        list(coalesce(later_that_day, 0)) as laters,
        list(coalesce(earlier_that_day, 0)) as earliers
    from sums
    cross join range(1, 29) as before (number)
    left join (
        select rate, source, day, later as later_that_day, earlier as earlier_that_day
        from days
    ) as days
        on sums.rate = days.rate
        and sums.source = days.source
        and days.day = sums.span + number
    group by sums.rate, sums.source, sums.span, number % 7
),

dispersions as (
    select
        rate,
        source,
        span,
        greatest(
            1,
            sum(list_sum(list_transform(
                list_zip(laters, earliers),
                lambda told: power(told[1] - told[2] * later / earlier, 2)
            )))
            / sum(later + later / earlier * later)
            * 28 / 21
        ) as dispersion
    from weekdays
    where earlier > 0
    group by rate, source, span
)

select
    sums.* exclude (days),
    later / earlier as share,
    later_before / earlier_before as share_before,
    dispersion,
    ln((later + 0.5) / (later_before + 0.5))
    - ln((earlier + 0.5) / (earlier_before + 0.5)) as log_change,
    log_change / sqrt(
        dispersion * (
            1 / (later + 0.5) + 1 / (later_before + 0.5)
            + 1 / (earlier + 0.5) + 1 / (earlier_before + 0.5)
        )
    ) as errors
from sums
inner join dispersions
    on sums.rate = dispersions.rate
    and sums.source = dispersions.source
    and sums.span = dispersions.span;
