-- The three questions of the week: what is stuck, whose money is pending, does the
-- stock still tell the truth. Weeks before are as the last publication in them said.
with

clock as (

    select
        as_of,
        {{ week_of(store_date('as_of')) }} as week

    from {{ ref('stg_clock') }}

),

found as (

    select
        'stuck' as question,
        'orders' as unit,
        cast(count(*) as decimal(18, 4)) as value
    from {{ ref('stuck_orders') }}
    where level = 'stuck'

    union all

    select
        'pending_money' as question,
        currency as unit,
        cast(sum(amount) as decimal(18, 4)) as value
    from {{ ref('pending_money') }}
    group by currency

    union all

    select
        'stock_drift' as question,
        'units' as unit,
        cast(coalesce(sum(abs(drift)), 0) as decimal(18, 4)) as value
    from {{ ref('stock_truth') }}

),

found_before as (

    select
        sweeps.week,
        sweeps.question,
        sweeps.unit,
        {{ max_by('sweeps.value', 'sweeps.publication') }} as value

    from {{ source('control', 'published_sweeps') }} as sweeps
    inner join {{ source('control', 'publications') }} as publications
        on sweeps.publication = publications.publication
    inner join clock
        on sweeps.week < clock.week
        and publications.as_of < clock.as_of
    group by sweeps.week, sweeps.question, sweeps.unit

),

-- a currency nobody owes anything in any more is answered with nothing
asked as (

    select
        question,
        unit
    from found
    union
    select
        question,
        unit
    from found_before

),

swept as (

    select
        clock.week,
        asked.question,
        asked.unit,
        coalesce(found.value, 0) as value

    from asked
    cross join clock
    left join found
        on asked.question = found.question
        and asked.unit = found.unit

    union all

    select
        week,
        question,
        unit,
        value
    from found_before

),

weekly_sweep as (

    select
        swept.question,
        swept.unit,
        cast(swept.value as decimal(18, 4)) as value,
        cast(before.value as decimal(18, 4)) as previous_value,
        swept.week

    from swept
    left join swept as before
        on swept.question = before.question
        and swept.unit = before.unit
        and swept.week = {{ days_after('before.week', 7) }}

)

select * from weekly_sweep
