-- Of what the newest days consist, against the four weeks before them: (what, value,
-- day) counts, and per `what` a verdict. Needs the clock and macros of days.sql.
--
-- The window judged is the newest day, or the newest 3 or 7 where fewer than 50 came in
-- it: below that a share is uncertain by more than a shift worth telling. History is the
-- 28 days before it, of which 21 must have something.
--
-- A value has moved where the arcsine difference of its shares, which has the same
-- variance at every share, passes 5 standard errors. These are widened by how much more
-- than chance the value's share has spread from day to day (dispersion): orders of one
-- campaign, parcels of one truck come together. The dispersion is itself learned from 26
-- days, so a value passes 5 by chance about 4 times in 100,000 (t with 25 degrees).

create or replace temp table mix_days as
with placed as (
    select
        occurred_at, ingested_at, currency, channel, payment_mode,
        length(postal_code) || ':' || left(postal_code, 2) as region, lines
    from intermediate.int_order_event_facts
    where event_name = 'order_placed'
        and not is_retracted
        and is_known(occurred_at, ingested_at)
),

shipped as (
    select occurred_at, carrier, location_id
    from intermediate.int_order_event_facts
    where event_name = 'shipment_shipped'
        and not is_retracted
        and is_known(occurred_at, ingested_at)
),

promised as (
    select
        occurred_at,
        source,
        greatest(
            -1, floor(date_diff('hour', occurred_at, promise_max_at) / 24)
        )::bigint as lead
    from intermediate.int_order_event_facts
    where event_name = 'delivery_promise_confirmed'
        and not is_retracted
        and promise_max_at is not null
        and is_known(occurred_at, ingested_at)
),

tried as (
    select occurred_at, payment_method, gateway
    from intermediate.int_payment_event_facts
    where event_name = 'payment_initiated'
        and not is_retracted
        and is_known(occurred_at, ingested_at)
),

copies as (
    select
        source, is_conflict, ingested_at, event_name,
        coalesce(copy_rank, 1) > 1 as is_again
    from intermediate.int_event_copies
    where is_known(ingested_at, ingested_at)
),

refused as (
    select reason_code, rejected_at
    from marts.rejected_events
    where is_known(rejected_at, rejected_at)
)

select
    'payment_mode' as what, payment_mode as value, day_of(occurred_at) as day,
    count(*) as counted
from placed group by all
union all
select 'currency', currency, day_of(occurred_at), count(*) from placed group by all
union all
select 'channel', channel, day_of(occurred_at), count(*) from placed group by all
union all
select 'region', region, day_of(occurred_at), count(*) from placed group by all
union all
select 'sku', sku, day_of(occurred_at), count(*)
from (
    select
        occurred_at,
        unnest(json_extract_string(lines, '$[*].sku')) as sku
    from placed
)
group by all
union all
select 'carrier', carrier, day_of(occurred_at), count(*) from shipped group by all
union all
select 'location', location_id, day_of(occurred_at), count(*) from shipped group by all
union all
select 'payment_method', payment_method, day_of(occurred_at), count(*)
from tried group by all
union all
select 'gateway', gateway, day_of(occurred_at), count(*) from tried group by all
union all
select
    'promised days of ' || source, least(lead, 14)::varchar, day_of(occurred_at),
    count(*)
from promised group by all
union all
select
    'copies of ' || source, if(is_again, 'again', 'first'), day_of(ingested_at),
    count(*)
from copies where not is_conflict group by all
union all
select
    'conflicts', if(is_conflict, 'conflict', 'fact'), day_of(ingested_at), count(*)
from copies group by all
union all
select 'refusals', 'accepted', day_of(ingested_at), count(*) from copies group by all
union all
select 'refusals', reason_code, day_of(rejected_at), count(*) from refused group by all
union all
-- six hours each, counted back from the clock: the shape of a day, of each event apart,
-- as a source's own mix of events moves with its settlements and campaigns
select
    'hours of ' || event_name || ' by ' || source, (hour % 24 // 6)::varchar, day,
    sum(told)::bigint
from feed_hours group by all;

-- Amounts and delays have no values to count: what counts is on which side of the outer
-- deciles and of the median of their own history they lie.
create or replace temp table sizes as
select
    'amounts of ' || event_name || ' in ' || currency || ' by ' || source as what,
    amount as size,
    day_of(occurred_at) as day
from intermediate.int_events_described
where event_name in (
    'order_placed', 'payment_captured', 'payment_settled', 'refund_initiated',
    'cod_collected'
)
and amount > 0
and not is_retracted
and is_known(occurred_at, ingested_at)

union all

select
    'delays of ' || source,
    -- a minute is no delay: seconds come in few sizes, whose order tells nothing
    greatest(60, floor(epoch(observed_at)) - floor(epoch(occurred_at)))::bigint,
    day_of(ingested_at)
from intermediate.int_events_described
where observed_at is not null and is_known(ingested_at, ingested_at);

insert into mix_days
with bands as (
    select what, quantile_cont(size, [0.1, 0.5, 0.9]) as edges
    from sizes
    where day between 1 and 35
    group by what
)

select
    sizes.what,
    case
        when size < edges[1] then 'under the 10th percentile of before'
        when size < edges[2] then 'under the median of before'
        when size <= edges[3] then 'over the median of before'
        else 'over the 90th percentile of before'
    end as value,
    day,
    count(*)
from sizes
inner join bands on sizes.what = bands.what
group by all;

drop table sizes;

create or replace temp table mix_shifts as
with spans as (
    select unnest([1, 3, 7]) as span
),

totals as (
    select
        mix_days.what,
        spans.span,
        sum(counted) filter (where day < span) as total,
        sum(counted) filter (where day >= span and day < span + 28) as total_before,
        count(distinct day) filter (where day >= span and day < span + 28) as days
    from mix_days
    cross join spans
    group by mix_days.what, spans.span
    having total >= 50 and total_before >= 200 and days >= 21
),

windows as (
    select what, min(span) as span, arg_min(total, span) as total,
        arg_min(total_before, span) as total_before
    from totals
    group by what
),

days as (
    select mix_days.what, day, sum(counted) as total
    from mix_days
    group by mix_days.what, day
),

counts as (
    select
        windows.what,
        windows.span,
        windows.total,
        windows.total_before,
        coalesce(mix_days.value, 'none') as value,
        coalesce(sum(mix_days.counted) filter (where day < span), 0) as counted,
        coalesce(
            sum(mix_days.counted) filter (where day >= span and day < span + 28), 0
        ) as counted_before
    from mix_days
    inner join windows on mix_days.what = windows.what
    group by all
),

shares as (
    select
        counts.*,
        counted / total as share,
        counted_before / total_before as share_before
    from counts
),

squares as (
    select
        shares.what,
        shares.value,
        power(coalesce(mix_days.counted, 0) - days.total * share_before, 2)
        / (days.total * share_before * (1 - share_before)) as square
    from shares
    inner join days
        on shares.what = days.what
        and days.day >= span
        and days.day < span + 28
    left join mix_days
        on shares.what = mix_days.what
        and shares.value = coalesce(mix_days.value, 'none')
        and days.day = mix_days.day
    where share_before > 0 and share_before < 1 and days.total > 0
),

-- A fault of yesterday must not hide itself today: the two widest days are left out.
-- Of 28 squares of chance the other 26 have 5/7 of the mean.
dispersions as (
    select
        what,
        value,
        greatest(
            1,
            1.4 * list_avg(list_sort(list(square), 'desc')[3:])
        ) as dispersion
    from squares
    group by what, value
)

select
    shares.*,
    coalesce(dispersion, 1) as dispersion,
    share - share_before as change,
    2 * (asin(sqrt(least(share, 1))) - asin(sqrt(least(share_before, 1))))
    / sqrt(coalesce(dispersion, 1) * (1 / total + 1 / total_before)) as errors
from shares
left join dispersions
    on shares.what = dispersions.what and shares.value = dispersions.value;

create or replace temp table mix_verdicts as
select
    what,
    any_value(span) as days,
    any_value(total)::bigint as counted,
    greatest(
        coalesce(sum(change) filter (where change > 0 and errors >= 5), 0),
        coalesce(-sum(change) filter (where change < 0 and errors <= -5), 0)
    ) as moved_share,
    -- ten at least: one new thing is no news
    case
        when sum(counted) filter (where counted_before = 0) >= 10
            then sum(share) filter (where counted_before = 0)
        else 0
    end as new_share,
    -- chance brings none of 16 expected once in nine million
    coalesce(
        max(share_before) filter (
            where counted = 0 and total * share_before / dispersion >= 16
        ),
        0
    ) as gone_share,
    arg_max(value, abs(errors)) as most_moved
from mix_shifts
group by what;
