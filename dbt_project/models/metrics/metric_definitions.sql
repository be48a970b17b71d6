with

definitions as (

    {{ metric_definitions() }}

),

metric_definitions as (

    select
        metric,
        question,
        definition,
        grain,
        unit,
        owner,
        caveat,
        fed_by,
        model,
        matures_after_days,
        is_moved_by_the_past

    from definitions

)

select * from metric_definitions
