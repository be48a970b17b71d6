with

events as (

    select * from {{ ref('int_order_events') }}
    where event_name in (
        'subject_erasure_requested',
        'subject_erasure_completed',
        'breach_detected',
        'breach_notified'
    )

),

terms as (

    select * from {{ ref('privacy_terms') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

-- a breach is closed towards the law by telling the authority, whoever else is told
steps as (

    select
        coalesce('erasure:' || events.request_id, 'breach:' || events.breach_id)
            as case_id,
        case when events.request_id is not null then 'erasure' else 'breach' end
            as kind,
        events.event_name in ('subject_erasure_requested', 'breach_detected')
            as is_opening,
        events.event_name = 'subject_erasure_completed'
        or coalesce(events.notified_party = 'regulator', false) as is_closing,
        events.due_at,
        events.occurred_at

    from events
    cross join clock
    where events.occurred_at <= clock.as_of

),

cases as (

    select
        case_id,
        kind,
        min(occurred_at) filter (where is_opening) as opened_at,
        min(due_at) as stated_due_at,
        min(occurred_at) filter (where is_closing) as closed_at

    from steps
    group by case_id, kind
    having bool_or(is_opening)

),

-- a month ends with the day of the same number, or with the month's last day
lawful as (

    select
        cases.*,
        case
            when terms.hours is not null
                then {{ hours_after('cases.opened_at', 'terms.hours') }}
            else {{ store_midnight(
                days_after(
                    months_after(store_date('cases.opened_at'), 'terms.months'), 1
                )
            ) }}
        end as lawful_due_at

    from cases
    left join terms
        on cases.kind = terms.kind

),

due as (

    select
        case_id,
        kind,
        opened_at,

        -- what a desk allows itself beyond the law extends nothing
        least(stated_due_at, lawful_due_at) as due_at,
        closed_at

    from lawful

),

privacy_clock as (

    select
        due.case_id,
        due.kind,
        coalesce(due.closed_at, clock.as_of) > due.due_at as is_overdue,
        due.opened_at,
        due.due_at,
        due.closed_at

    from due
    cross join clock

)

select * from privacy_clock
