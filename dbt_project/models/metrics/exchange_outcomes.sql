with

returns as (

    select
        *,
        coalesce(resolved_at, exchanged_at) as ended_at

    from {{ ref('fct_returns') }}
    where resolved_at is not null or exchanged_at is not null

),

refunds as (

    select * from {{ ref('fct_refunds') }}
    where cause = 'exchange_difference'
        and completed_at is not null

),

-- a difference repaid names the line, or the exchange it answers
repaid_lines as (

    select
        returns.return_line_id,
        sum(refunds.amount) as repaid_amount

    from returns
    inner join refunds
        on returns.currency = refunds.currency
        and (
            returns.return_line_id = refunds.return_line_id
            or 'exchange:' || returns.exchange_group_id = refunds.due_id
        )
    group by returns.return_line_id

),

-- owed back from the day of the exchange, it is not ours to keep while it waits
valued_lines as (

    select
        {{ month_of(store_date('returns.ended_at')) }} as month,
        coalesce(returns.currency, 'unknown') as currency,
        returns.kind = 'exchange' as is_exchanged,
        returns.value_amount,
        case
            when returns.kind = 'exchange'
                then returns.value_amount
                    + greatest(coalesce(returns.exchange_delta_amount, 0), 0)
                    - greatest(
                        coalesce(repaid_lines.repaid_amount, 0),
                        -coalesce(returns.exchange_delta_amount, 0),
                        0
                    )
        end as retained_amount

    from returns
    left join repaid_lines
        on returns.return_line_id = repaid_lines.return_line_id

),

sums as (

    select
        month,
        currency,
        count(*) as resolved_lines,
        count(*) filter (where is_exchanged) as exchanged_lines,
        count(value_amount) as valued_lines,
        cast(coalesce(sum(retained_amount), 0) as decimal(18, 4)) as retained_amount,
        cast(coalesce(sum(value_amount), 0) as decimal(18, 4)) as returned_amount

    from valued_lines
    group by month, currency

),

outcomes as (

    select
        currency,
        resolved_lines,
        exchanged_lines,
        cast(exchanged_lines as double) / resolved_lines as exchange_rate,
        {{ wilson_lower('exchanged_lines', 'resolved_lines') }} as lower,
        {{ wilson_upper('exchanged_lines', 'resolved_lines') }} as upper,
        valued_lines,
        retained_amount,
        returned_amount,
        cast(retained_amount as double) / nullif(returned_amount, 0)
            as retained_revenue_ratio,
        resolved_lines >= {{ var('rankable_from') }} as is_rankable,
        month

    from sums

)

select * from outcomes
