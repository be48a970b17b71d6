-- Money owed back, once each: refunds that stand, and debts that none answers yet.
with

refunds as (

    select * from {{ ref('fct_refunds') }}

),

claims as (

    select * from {{ ref('pending_money') }}
    where class = 'refund_owed'

),

dues as (

    select * from {{ ref('int_refunds_due') }}

),

-- one that failed and was ordered anew counts by its successor, from the debt's own day
debts as (

    select
        'refund:' || refund_id as debt_id,
        order_id,
        cause,
        destination,
        currency,
        amount,
        due_at,
        initiated_at,
        completed_at

    from refunds
    where replaced_by_refund_id is null

    union all

    select
        claims.claim_id as debt_id,
        claims.order_id,
        dues.cause,
        null as destination,
        claims.currency,
        claims.amount,
        claims.since_at as due_at,
        null as initiated_at,
        null as completed_at

    from claims
    inner join dues
        on claims.claim_id = 'due:' || dues.due_id

)

select * from debts
