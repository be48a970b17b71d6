with

rejected_lines as (

    select * from {{ source('raw', 'rejected_events') }}

),

copies as (

    select * from {{ ref('int_event_copies') }}
    where is_conflict

),

broken as (

    select
        rejected_id,
        landing_id,
        landed_file,
        reason_code,
        reason,
        field,
        event_name,
        source,
        masked_line,
        line_number,
        rejected_at,
        replayed_at

    from rejected_lines

),

-- of two stories under one id the one observed later is the rejected line
clashing as (

    select
        cast(content_hash as varchar) as rejected_id,
        landing_id,
        landed_file,
        'event_id_conflict' as reason_code,
        'The same event_id came before with another ' || clash_field
        || '. Send a new fact under an id of its own, or retract the first.' as reason,
        clash_field as field,
        event_name,
        source,
        '{"event_name": "' || event_name || '", "source": "' || source
        || '", "event_id": "' || event_id || '"}' as masked_line,
        line_number,
        observed_from as rejected_at,
        cast(null as timestamptz) as replayed_at

    from copies

),

rejected_events as (

    select * from broken
    union all
    select * from clashing

)

select * from rejected_events
