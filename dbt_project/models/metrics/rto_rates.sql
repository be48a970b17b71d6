with

segmented_spells as (

    select * from {{ ref('int_rto_spells') }}

),

banded_curves as (

    select * from {{ ref('int_rto_curves') }}

),

counts as (

    select
        segment_type,
        segment,
        count(*) as shipped,
        count(*) filter (where exit = 'delivered') as delivered,
        count(*) filter (where exit = 'rto') as rto,
        count(*) filter (where exit = 'lost') as lost,
        count(*) filter (where exit in ('delivered', 'rto')) as delivered_or_rto,
        count(*) filter (where exit is not null) as resolved

    from segmented_spells
    group by segment_type, segment

),

-- read at the maturity age or, while only younger parcels are open, at the last age
-- observed; a curve that nobody is left on stays where it is
matured_ages as (

    select
        segment_type,
        segment,
        case
            when min(open_share) = 0 then {{ var('rto_maturity_days') }}
            else least(max(age_days), {{ var('rto_maturity_days') }})
        end as matured_age_days

    from banded_curves
    group by segment_type, segment

),

last_ages as (

    select
        matured_ages.segment_type,
        matured_ages.segment,
        matured_ages.matured_age_days,
        max(banded_curves.age_days) as age_days

    from matured_ages
    left join banded_curves
        on matured_ages.segment_type = banded_curves.segment_type
        and matured_ages.segment = banded_curves.segment
        and matured_ages.matured_age_days >= banded_curves.age_days
    group by
        matured_ages.segment_type,
        matured_ages.segment,
        matured_ages.matured_age_days

),

matured_curves as (

    select
        last_ages.segment_type,
        last_ages.segment,
        last_ages.matured_age_days,
        banded_curves.cif_rto_lower as matured_lower,
        banded_curves.cif_rto_upper as matured_upper,
        coalesce(banded_curves.cif_rto, 0) as matured_rate,
        coalesce(banded_curves.open_share, 1) as open_share

    from last_ages
    left join banded_curves
        on last_ages.segment_type = banded_curves.segment_type
        and last_ages.segment = banded_curves.segment
        and last_ages.age_days = banded_curves.age_days

),

pooled_curve as (

    select * from banded_curves
    where segment_type = 'all'
        and age_days <= {{ var('rto_maturity_days') }}

),

pooled_maturity as (

    select {{ max_by('cif_rto', 'age_days') }} as matured_rate
    from pooled_curve

),

-- what the pool, open at that age, went on to do by maturity
pooled_from_age as (

    select
        ages.matured_age_days,
        coalesce({{ max_by('pooled_curve.cif_rto', 'pooled_curve.age_days') }}, 0)
            as cif_rto,
        coalesce({{ max_by('pooled_curve.open_share', 'pooled_curve.age_days') }}, 1)
            as open_share

    from (select distinct matured_age_days from matured_ages) as ages
    left join pooled_curve
        on ages.matured_age_days >= pooled_curve.age_days
    group by ages.matured_age_days

),

projections as (

    select
        matured_curves.segment_type,
        matured_curves.segment,
        matured_curves.matured_rate + coalesce(
            matured_curves.open_share
            * (pooled_maturity.matured_rate - pooled_from_age.cif_rto)
            / nullif(pooled_from_age.open_share, 0), 0
        ) as projected_rate

    from matured_curves
    inner join pooled_from_age
        on matured_curves.matured_age_days = pooled_from_age.matured_age_days
    cross join pooled_maturity

),

-- the resolved alone would favor the young: parcels arrive sooner than they turn back.
-- What is missing is like nothing in particular: unknown learns from no other segment
-- and teaches none
projected_counts as (

    select
        counts.segment_type,
        counts.segment,
        counts.segment_type
            || case when counts.segment = 'unknown' then ' unknown' else '' end
            as family,
        counts.resolved,
        projections.projected_rate * counts.resolved as projected_rto

    from counts
    inner join projections
        on counts.segment_type = projections.segment_type
        and counts.segment = projections.segment

),

shrunk as (

    {{ shrunk_rates(
        'projected_counts', 'family', 'segment', 'projected_rto', 'resolved'
    ) }}

),

shrunk_segments as (

    select
        projected_counts.segment_type,
        shrunk.segment,
        shrunk.shrunk_rate,
        shrunk.lower,
        shrunk.upper

    from shrunk
    inner join projected_counts
        on shrunk.family = projected_counts.family
        and shrunk.segment = projected_counts.segment

),

rto_rates as (

    select
        counts.segment_type,
        counts.segment,
        counts.shipped,
        counts.delivered,
        counts.resolved,
        counts.rto,
        counts.lost,
        matured_curves.matured_age_days,
        cast(counts.rto as double) / counts.shipped as naive_rate,
        cast(counts.rto as double) / nullif(counts.delivered_or_rto, 0)
            as resolved_rate,
        matured_curves.matured_rate,

        -- the band has no upper bound where nothing turned back, no lower one where
        -- everything did, and neither where nothing had ended by that age
        case
            when matured_curves.matured_rate = 0 then 0
            else coalesce(
                matured_curves.matured_lower,
                {{ wilson_lower('counts.resolved', 'counts.resolved') }}
            )
        end as matured_lower,
        coalesce(
            matured_curves.matured_upper,
            {{ wilson_upper('0', 'counts.resolved') }}
        ) as matured_upper,
        shrunk_segments.shrunk_rate,
        shrunk_segments.lower,
        shrunk_segments.upper,
        cast(counts.resolved as double) / counts.shipped as pct_resolved,
        projections.projected_rate,
        counts.delivered_or_rto >= {{ var('rankable_from') }} as is_rankable

    from counts
    inner join matured_curves
        on counts.segment_type = matured_curves.segment_type
        and counts.segment = matured_curves.segment
    inner join projections
        on counts.segment_type = projections.segment_type
        and counts.segment = projections.segment
    left join shrunk_segments
        on counts.segment_type = shrunk_segments.segment_type
        and counts.segment = shrunk_segments.segment

)

select * from rto_rates
