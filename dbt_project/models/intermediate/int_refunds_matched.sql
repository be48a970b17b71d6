{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Which refund answers which debt. A refund that names a thing answers that thing's;
-- one that names none goes, within its order and cause, to the debt of its amount, else
-- to the next one in time that is unanswered, else to the last one before it.
with

refunds as (

    select
        *,
        coalesce(initiated_at, completed_at, failed_at) as started_at

    from {{ ref('int_refunds') }}
    where {{ is_affected('story_id') }}
        and coalesce(cause, 'other') not in ('goodwill', 'price_adjustment')

),

dues as (

    select * from {{ ref('int_refunds_due') }}
    where {{ is_affected('story_id') }}

),

named_candidates as (

    select
        refunds.refund_id,
        dues.due_id,
        row_number() over (
            partition by refunds.refund_id
            order by
                case when dues.refund_id = refunds.refund_id then 0 else 1 end,
                case when dues.cause = refunds.cause then 0 else 1 end,
                dues.due_at,
                dues.due_id
        ) as choice

    from refunds
    inner join dues
        on refunds.order_id = dues.order_id
        and (
            refunds.refund_id = dues.refund_id
            or dues.thing_id
            in (refunds.return_line_id, refunds.claim_id, refunds.shipment_id)
        )

),

named_matches as (

    select
        refund_id,
        due_id
    from named_candidates
    where choice = 1

),

unnamed_refunds as (

    select
        refunds.refund_id,
        refunds.order_id,
        refunds.cause,
        refunds.amount_minor,
        refunds.started_at,
        row_number() over (
            partition by refunds.order_id, refunds.cause, refunds.amount_minor
            order by refunds.started_at, refunds.refund_id
        ) as same_amount_number

    from refunds
    left join named_matches
        on refunds.refund_id = named_matches.refund_id
    where named_matches.refund_id is null
        and coalesce(refunds.return_line_id, refunds.claim_id, refunds.shipment_id)
            is null

),

unnamed_dues as (

    select
        dues.due_id,
        dues.order_id,
        dues.cause,
        dues.amount_minor,
        dues.due_at,
        row_number() over (
            partition by dues.order_id, dues.cause, dues.amount_minor
            order by dues.due_at, dues.due_id
        ) as same_amount_number

    from dues
    left join named_matches
        on dues.due_id = named_matches.due_id
    where named_matches.due_id is null

),

amount_matches as (

    select
        unnamed_refunds.refund_id,
        unnamed_dues.due_id

    from unnamed_refunds
    inner join unnamed_dues
        on unnamed_refunds.order_id = unnamed_dues.order_id
        and unnamed_refunds.cause = unnamed_dues.cause
        and unnamed_refunds.amount_minor = unnamed_dues.amount_minor
        and unnamed_refunds.same_amount_number = unnamed_dues.same_amount_number

),

other_refunds as (

    select
        unnamed_refunds.*,
        row_number() over (
            partition by unnamed_refunds.order_id, unnamed_refunds.cause
            order by unnamed_refunds.started_at, unnamed_refunds.refund_id
        ) as turn

    from unnamed_refunds
    left join amount_matches
        on unnamed_refunds.refund_id = amount_matches.refund_id
    where amount_matches.refund_id is null

),

other_dues as (

    select
        unnamed_dues.*,
        row_number() over (
            partition by unnamed_dues.order_id, unnamed_dues.cause
            order by unnamed_dues.due_at, unnamed_dues.due_id
        ) as turn

    from unnamed_dues
    left join amount_matches
        on unnamed_dues.due_id = amount_matches.due_id
    where amount_matches.due_id is null

),

turn_matches as (

    select
        other_refunds.refund_id,
        other_dues.due_id

    from other_refunds
    inner join other_dues
        on other_refunds.order_id = other_dues.order_id
        and other_refunds.cause = other_dues.cause
        and other_refunds.turn = other_dues.turn

),

-- more refunds than debts: one debt is paid in parts, or twice
spare_candidates as (

    select
        other_refunds.refund_id,
        dues.due_id,
        row_number() over (
            partition by other_refunds.refund_id
            order by
                case when dues.due_at <= other_refunds.started_at then 0 else 1 end,
                abs({{ micros_between('dues.due_at', 'other_refunds.started_at') }}),
                dues.due_id
        ) as choice

    from other_refunds
    left join turn_matches
        on other_refunds.refund_id = turn_matches.refund_id
    inner join dues
        on other_refunds.order_id = dues.order_id
        and other_refunds.cause = dues.cause
    where turn_matches.refund_id is null

),

matches as (

    select * from named_matches
    union all
    select * from amount_matches
    union all
    select * from turn_matches
    union all
    select
        refund_id,
        due_id
    from spare_candidates
    where choice = 1

),

matched_refunds as (

    select
        matches.refund_id,
        matches.due_id,
        refunds.story_id

    from matches
    inner join refunds
        on matches.refund_id = refunds.refund_id

)

select * from matched_refunds
