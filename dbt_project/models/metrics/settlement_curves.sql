with

spells as (

    select * from {{ ref('int_settlement_spells') }}

),

exact_curves as (

    select
        *,
        cast(ceil(age_micros / 3600000000.0) as bigint) as hours

    from {{ ref('int_settlement_curves') }}

),

hours as (

    select
        segment_type,
        segment,
        hours,
        {{ min_by('at_risk', 'age_micros') }} as at_risk,
        cast(sum(settled_exits) as bigint) as settled,
        max(age_micros) as last_age_micros

    from exact_curves
    group by segment_type, segment, hours

),

-- an hour reads as it stands at its end
read_hours as (

    select
        hours.segment_type,
        hours.segment,
        hours.hours,
        hours.at_risk,
        hours.settled,
        exact_curves.survival,
        exact_curves.std_error,
        exact_curves.lower,
        exact_curves.upper

    from hours
    inner join exact_curves
        on hours.segment_type = exact_curves.segment_type
        and hours.segment = exact_curves.segment
        and hours.last_age_micros = exact_curves.age_micros

),

beginnings as (

    select
        segment_type,
        segment,
        count(*) filter (where entry_micros is null) as at_risk

    from spells
    group by segment_type, segment

),

settlement_curves as (

    select * from read_hours

    union all

    select
        beginnings.segment_type,
        beginnings.segment,
        0 as hours,
        beginnings.at_risk,
        0 as settled,
        1.0 as survival,
        0.0 as std_error,
        null as lower,
        1.0 as upper
    from beginnings
    left join read_hours
        on beginnings.segment_type = read_hours.segment_type
        and beginnings.segment = read_hours.segment
        and read_hours.hours = 0
    where read_hours.hours is null

)

select * from settlement_curves
