{%- set horizons = [30, 60, 90, 180, 365] -%}

with

first_gaps as (

    select
        gap_days,
        case when not is_open then 'reordered' end as exit,
        {{ month_of(store_date('from_placed_at')) }} as acquisition_month,
        from_placed_at

    from {{ ref('fct_reorder_gaps') }}
    where order_number = 1

),

clock as (

    select * from {{ ref('stg_clock') }}

),

spells as (

    select
        'all' as segment_type,
        'all' as segment,
        first_gaps.*
    from first_gaps

    union all

    select
        'acquisition_month' as segment_type,
        cast(acquisition_month as varchar) as segment,
        first_gaps.*
    from first_gaps

),

curves as (

    {{ survival_curves(
        'spells', ['segment_type', 'segment'], 'gap_days', 'exit', 'reordered'
    ) }}

),

horizons as (

    {% for days in horizons %}
    select {{ days }} as horizon_days
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- a curve says nothing of ages that nobody was watched at, unless nobody is left
readings as (

    select
        curves.segment_type,
        curves.segment,
        horizons.horizon_days,
        max(curves.gap_days) >= horizons.horizon_days
            or min(curves.survival) = 0 as is_observed,
        max(curves.gap_days) filter (
            where curves.gap_days <= horizons.horizon_days
        ) as read_days

    from curves
    cross join horizons
    group by curves.segment_type, curves.segment, horizons.horizon_days

),

counts as (

    select
        spells.segment_type,
        spells.segment,
        horizons.horizon_days,
        count(*) as customers,
        count(*) filter (where spells.gap_days >= horizons.horizon_days) as at_risk,
        count(*) filter (
            where spells.exit = 'reordered'
                and spells.gap_days <= horizons.horizon_days
        ) as second_orders,
        count(*) filter (
            where {{ days_between('spells.from_placed_at', 'clock.as_of') }}
                >= horizons.horizon_days
        ) as matured_customers,
        count(*) filter (
            where spells.exit = 'reordered'
                and spells.gap_days <= horizons.horizon_days
                and {{ days_between('spells.from_placed_at', 'clock.as_of') }}
                >= horizons.horizon_days
        ) as matured_second_orders

    from spells
    cross join horizons
    cross join clock
    group by spells.segment_type, spells.segment, horizons.horizon_days

),

read_curves as (

    select
        readings.segment_type,
        readings.segment,
        readings.horizon_days,
        readings.is_observed,
        coalesce(1 - curves.survival, 0) as probability,
        coalesce(curves.std_error, 0) as std_error,
        1 - curves.upper as lower,
        1 - curves.lower as upper

    from readings
    left join curves
        on readings.segment_type = curves.segment_type
        and readings.segment = curves.segment
        and readings.read_days = curves.gap_days

),

second_order as (

    select
        counts.segment_type,
        counts.segment,
        cast(counts.horizon_days as bigint) as horizon_days,
        counts.customers,
        counts.at_risk,
        counts.second_orders,
        counts.matured_customers,
        counts.matured_second_orders,
        case when read_curves.is_observed then read_curves.probability end
            as probability,
        case when read_curves.is_observed then read_curves.std_error end
            as std_error,

        -- the band has no upper bound where nobody came back, no lower where all did
        case
            when not read_curves.is_observed then null
            when read_curves.probability = 0 then 0
            else coalesce(
                read_curves.lower,
                {{ wilson_lower('counts.customers', 'counts.customers') }}
            )
        end as lower,
        case
            when read_curves.is_observed
                then coalesce(
                    read_curves.upper, {{ wilson_upper('0', 'counts.at_risk') }}
                )
        end as upper,
        cast(counts.matured_second_orders as double)
        / nullif(counts.matured_customers, 0) as matured_rate,
        cast(counts.second_orders as double) / counts.customers as naive_rate,
        counts.customers >= {{ var('rankable_from') }} as is_rankable,
        read_curves.is_observed

    from counts
    inner join read_curves
        on counts.segment_type = read_curves.segment_type
        and counts.segment = read_curves.segment
        and counts.horizon_days = read_curves.horizon_days

)

select * from second_order
