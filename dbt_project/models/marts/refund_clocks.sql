with

debts as (

    select * from {{ ref('int_refund_debts') }}

),

-- where only the end is known, the two clocks in between cannot be told
clocked_debts as (

    select
        'merchant' as clock,
        debts.*,
        due_at as started_at,
        initiated_at as ended_at
    from debts
    where due_at is not null
        and (initiated_at is not null or completed_at is null)

    union all

    select
        'bank' as clock,
        debts.*,
        initiated_at as started_at,
        completed_at as ended_at
    from debts
    where initiated_at is not null

    union all

    select
        'total' as clock,
        debts.*,
        due_at as started_at,
        completed_at as ended_at
    from debts
    where due_at is not null

),

refund_clocks as (

    select
        debt_id,
        clock,
        order_id,
        cause,
        destination,
        currency,
        amount,
        {{ week_of(store_date('started_at')) }} as week,
        started_at,
        ended_at

    from clocked_debts

)

select * from refund_clocks
