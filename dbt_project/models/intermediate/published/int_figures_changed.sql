{{ config(materialized='table') }}

-- What this build says of days that are over and the publications before it did not:
-- the figures that publishing it adds to the memory. One that is gone is kept as NULL.
with

figures as (

    select
        metric_daily.*,
        -- a young figure of a segment moves with every build, and nobody relied on it
        case
            when metric_daily.segment_type = 'all' then metric_daily.date
            else {{ days_after(
                'metric_daily.date', 'definitions.matures_after_days'
            ) }}
        end as kept_after

    from {{ ref('metric_daily') }} as metric_daily
    inner join {{ ref('metric_definitions') }} as definitions
        on metric_daily.metric = definitions.metric

),

clock as (

    select
        as_of,
        {{ store_date('as_of') }} as date

    from {{ ref('stg_clock') }}

),

settled_figures as (

    select figures.*
    from figures
    inner join clock
        on figures.kept_after < clock.date

),

publications as (

    select
        publications.publication,
        publications.as_of,
        {{ store_date('publications.as_of') }} as date

    from {{ source('control', 'publications') }} as publications
    inner join clock
        on publications.as_of < clock.as_of

),

last_publication as (

    select
        max(as_of) as as_of,
        max(date) as date

    from publications

),

remembered as (

    select
        figures.metric,
        figures.date,
        figures.segment_type,
        figures.segment,
        {{ max_by('figures.value', 'figures.publication') }} as value,
        {{ max_by('figures.has_value', 'figures.publication') }} as has_value

    from (
        select
            *,
            value is not null as has_value
        from {{ source('control', 'published_figures') }}
    ) as figures
    inner join publications
        on figures.publication = publications.publication
    group by figures.metric, figures.date, figures.segment_type, figures.segment

),

compared as (

    select
        coalesce(settled_figures.metric, remembered.metric) as metric,
        coalesce(settled_figures.segment_type, remembered.segment_type) as segment_type,
        coalesce(settled_figures.segment, remembered.segment) as segment,
        case when remembered.has_value then remembered.value end as old_value,
        settled_figures.value as new_value,

        -- it could have been published before, and was not there
        remembered.metric is not null
            or coalesce(last_publication.date > settled_figures.kept_after, false)
            as is_restated,
        last_publication.as_of as published_at,
        coalesce(settled_figures.date, remembered.date) as date,
        remembered.metric is not null as is_remembered

    from settled_figures
    full outer join remembered
        on settled_figures.metric = remembered.metric
        and settled_figures.date = remembered.date
        and settled_figures.segment_type = remembered.segment_type
        and settled_figures.segment = remembered.segment
    cross join last_publication

),

changed as (

    select
        metric,
        segment_type,
        segment,
        old_value,
        new_value,
        is_restated,
        published_at,
        date

    from compared
    -- sums of doubles differ in the last digits from build to build
    where not is_remembered
        or (old_value is null) <> (new_value is null)
        or abs(old_value - new_value)
        > 1e-9 * greatest(abs(old_value), abs(new_value))

)

select * from changed
