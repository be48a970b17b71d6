{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

with

refunds as (

    select * from {{ ref('int_refunds') }}
    where {{ is_affected('story_id') }}

),

matches as (

    select * from {{ ref('int_refunds_matched') }}
    where {{ is_affected('story_id') }}

),

dues as (

    select * from {{ ref('int_refunds_due') }}
    where {{ is_affected('story_id') }}

),

returns as (

    select * from {{ ref('fct_returns') }}
    where {{ is_affected('story_id') }}

),

payments as (

    select * from {{ ref('int_payments') }}
    where {{ is_affected('story_id') }}

),

-- a courtesy is owed from the moment it is granted; so is what no rule dates
dated_refunds as (

    select
        refunds.*,
        matches.due_id,
        dues.amount_minor as due_minor,
        coalesce(
            refunds.return_line_id,
            case when dues.cause = 'return' then dues.thing_id end
        ) as matched_return_line_id,
        coalesce(payments.method, 'unknown') as method,
        coalesce(payments.gateway, 'unknown') as gateway,
        coalesce(
            dues.due_at,
            case
                when coalesce(refunds.cause, 'other')
                    in ('goodwill', 'price_adjustment', 'damaged', 'other')
                    then refunds.initiated_at
            end
        ) as due_at

    from refunds
    left join matches
        on refunds.refund_id = matches.refund_id
    left join dues
        on matches.due_id = dues.due_id
    left join payments
        on refunds.payment_id = payments.payment_id

),

refund_slas as (

    {{ due_by_slas('dated_refunds', 'refund_id', 'refund', 'initiated_at') }}

),

-- store credit and money both issued, or one sum ordered back twice
repeated_refunds as (

    select
        refund_id,
        row_number() over so_far > 1
        and sum(amount_minor) over so_far > due_minor as is_repeated

    from dated_refunds
    where due_id is not null
        and failed_at is null
    window so_far as (
        partition by due_id
        order by coalesce(initiated_at, completed_at), refund_id
        rows between unbounded preceding and current row
    )

),

-- a failed refund is no longer owed once the same sum is ordered back anew
replacements as (

    select
        failed.refund_id,
        anew.refund_id as replaced_by_refund_id,
        row_number() over (
            partition by failed.refund_id order by anew.initiated_at, anew.refund_id
        ) as choice,
        row_number() over (
            partition by anew.refund_id order by failed.failed_at, failed.refund_id
        ) as turn

    from dated_refunds as failed
    inner join dated_refunds as anew
        on failed.order_id = anew.order_id
        and failed.refund_id <> anew.refund_id
        and failed.cause = anew.cause
        and failed.currency = anew.currency
        and failed.amount_minor = anew.amount_minor
        and coalesce(
            failed.due_id,
            failed.return_line_id,
            failed.claim_id,
            failed.shipment_id,
            'nothing named'
        ) = coalesce(
            anew.due_id,
            anew.return_line_id,
            anew.claim_id,
            anew.shipment_id,
            'nothing named'
        )
        and failed.failed_at <= anew.initiated_at

),

refund_facts as (

    select
        refunds.refund_id,
        refunds.story_id,
        refunds.order_id,
        refunds.payment_id,
        returns.return_id,
        refunds.matched_return_line_id as return_line_id,
        refunds.claim_id,
        refunds.shipment_id,
        refunds.due_id,
        replacements.replaced_by_refund_id,
        coalesce(refunds.cause, 'unknown') as cause,
        coalesce(refunds.destination, 'unknown') as destination,
        refunds.currency,
        {{ to_amount('refunds.amount_minor', 'refunds.currency') }} as amount,
        case
            when refunds.initiated_at is not null
                then {{ hours_between(
                    'refunds.due_at', 'greatest(refunds.due_at, refunds.initiated_at)'
                ) }}
        end as due_to_initiated_hours,
        case
            when refunds.completed_at is not null
                then {{ hours_between(
                    'refunds.initiated_at',
                    'greatest(refunds.initiated_at, refunds.completed_at)'
                ) }}
        end as initiated_to_completed_hours,
        {{ store_date('refunds.due_at') }} = {{ store_date('refunds.initiated_at') }}
            as is_same_day,
        coalesce(repeated_refunds.is_repeated, false) as is_repeated,
        refunds.due_at,
        refunds.initiated_at,
        coalesce(
            refunds.expected_at,
            refund_slas.due_at,
            {{ hours_after('refunds.initiated_at', 24 * var('refund_due_days')) }}
        ) as expected_at,
        refunds.completed_at,
        refunds.failed_at

    from dated_refunds as refunds
    left join returns
        on refunds.matched_return_line_id = returns.return_line_id
    left join refund_slas
        on refunds.refund_id = refund_slas.refund_id
    left join repeated_refunds
        on refunds.refund_id = repeated_refunds.refund_id
    left join replacements
        on refunds.refund_id = replacements.refund_id
        and replacements.choice = 1
        and replacements.turn = 1

)

select * from refund_facts
