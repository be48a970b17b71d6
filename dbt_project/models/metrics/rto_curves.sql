with

spells as (

    select * from {{ ref('int_rto_spells') }}

),

curves as (

    select * from {{ ref('int_rto_curves') }}

),

beginnings as (

    select
        segment_type,
        segment,
        count(*) as at_risk

    from spells
    group by segment_type, segment

),

rto_curves as (

    select
        segment_type,
        segment,
        age_days,
        at_risk,
        cif_rto,
        cif_rto_lower,
        cif_rto_upper,
        cif_delivered,
        cif_lost,
        open_share
    from curves

    union all

    -- a first day on which nothing ended
    select
        beginnings.segment_type,
        beginnings.segment,
        0 as age_days,
        beginnings.at_risk,
        0.0 as cif_rto,
        0.0 as cif_rto_lower,
        null as cif_rto_upper,
        0.0 as cif_delivered,
        0.0 as cif_lost,
        1.0 as open_share
    from beginnings
    left join curves
        on beginnings.segment_type = curves.segment_type
        and beginnings.segment = curves.segment
        and curves.age_days = 0
    where curves.age_days is null

)

select * from rto_curves
