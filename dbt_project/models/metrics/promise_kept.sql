with

promised_orders as (

    select * from {{ ref('promised_orders') }}

),

counts as (

    select
        carrier,
        lane,
        count(*) filter (where is_decided) as promised,
        count(*) filter (where not is_decided) as not_yet_due,
        count(*) filter (where is_decided and has_kept_original) as kept_original,
        count(*) filter (where is_decided and has_kept_current) as kept_current,
        count(*) filter (where is_decided and has_tried_on_time)
            as first_attempt_on_time,
        count(*) filter (where is_decided and is_revised) as revised,
        count(*) filter (where is_decided and has_kept_original_timestamp)
            as kept_original_timestamp,
        count(*) filter (where is_decided and has_kept_current_timestamp)
            as kept_current_timestamp,
        count(*) filter (where is_decided and has_tried_on_time_timestamp)
            as first_attempt_on_time_timestamp,
        {{ quantile_cont('padding_days', 0.5) }} filter (where is_decided)
            as median_padding_days,
        {{ week_of('date') }} as week

    from promised_orders
    group by carrier, lane, {{ week_of('date') }}

),

-- a week of which nothing is due yet has no rate to show
promise_kept as (

    select
        carrier,
        lane,
        promised,
        not_yet_due,
        kept_original,
        kept_current,
        first_attempt_on_time,
        revised,
        kept_original_timestamp,
        kept_current_timestamp,
        first_attempt_on_time_timestamp,
        median_padding_days,
        cast(kept_original as double) / promised as kept_original_rate,
        {{ wilson_lower('kept_original', 'promised') }} as kept_original_lower,
        {{ wilson_upper('kept_original', 'promised') }} as kept_original_upper,
        cast(kept_current as double) / promised as kept_current_rate,
        {{ wilson_lower('kept_current', 'promised') }} as kept_current_lower,
        {{ wilson_upper('kept_current', 'promised') }} as kept_current_upper,
        cast(revised as double) / promised as revision_rate,
        {{ wilson_lower('revised', 'promised') }} as revision_lower,
        {{ wilson_upper('revised', 'promised') }} as revision_upper,
        cast(kept_original_timestamp as double) / promised
            as kept_original_rate_timestamp,
        cast(kept_current_timestamp as double) / promised
            as kept_current_rate_timestamp,
        promised >= {{ var('rankable_from') }} as is_rankable,
        not_yet_due = 0 as is_mature,
        week

    from counts
    where promised > 0

)

select * from promise_kept
