with

untrue_messages as (

    select * from {{ ref('int_untrue_messages') }}

),

revisions as (

    select
        *,
        cast({{ store_date('promise_max_at') }} as varchar) as promised_date

    from {{ ref('fct_delivery_promises') }}
    where not is_original

),

clock as (

    select * from {{ ref('stg_clock') }}

),

conflicting as (

    select
        -- one message may tell an untrue status and an untrue date
        'conflicting:' || subject || ':' || fact_id as conflict_id,
        order_id,
        shipment_id,
        channel,
        subject,
        told,
        true_then,
        'conflicting' as kind,
        told_at,
        told_at as conflicting_since_at

    from untrue_messages

),

never_told as (

    select
        'never_told:' || revisions.promise_key as conflict_id,
        revisions.order_id,
        revisions.shipment_id,
        'none' as channel,
        'promise' as subject,
        cast(null as varchar) as told,
        revisions.promised_date as true_then,
        'never_told' as kind,
        cast(null as timestamp with time zone) as told_at,
        {{ hours_after('revisions.promised_at', var('promise_told_within_hours')) }}
            as conflicting_since_at

    from revisions
    cross join clock
    where {{ hours_after('revisions.promised_at', var('promise_told_within_hours')) }}
        < coalesce(revisions.told_at, clock.as_of)

),

told_late as (

    select
        'told_late:' || promise_key as conflict_id,
        order_id,
        shipment_id,
        coalesce(told_channel, 'unknown') as channel,
        'promise' as subject,
        promised_date as told,
        promised_date as true_then,
        'told_late' as kind,
        told_at,
        told_at as conflicting_since_at

    from revisions
    where {{ store_date('told_at') }} > {{ store_date('replaced_promise_max_at') }}

),

conflicts as (

    select * from conflicting
    union all
    select * from never_told
    union all
    select * from told_late

)

select * from conflicts
