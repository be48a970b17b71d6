{%- set families = {
    'int_daily_orders': 'null',
    'int_daily_money': 'null',
    'int_daily_stock': 'null',
    'int_daily_customers': 'null',
    'int_daily_platform': 'null',
    'int_daily_promises': 'carrier',
    'int_daily_parcels': 'carrier',
} -%}

with

order_segments as (

    select * from {{ ref('int_order_segments') }}

),

definitions as (

    select * from {{ ref('metric_definitions') }}

),

clock as (

    select {{ store_date('as_of') }} as date from {{ ref('stg_clock') }}

),

order_figures as (

    {% for family, carrier in families.items() %}
    select
        metric,
        date,
        order_id,
        cast({{ carrier }} as varchar) as carrier,
        numerator,
        denominator,
        population
    from {{ ref(family) }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

),

segmented_figures as (

    {{ by_daily_segment(
        'order_figures', 'order_segments',
        ['metric', 'date', 'numerator', 'denominator', 'population'], has_carrier=true
    ) }}

),

sums as (

    select
        metric,
        date,
        segment_type,
        segment,
        cast(sum(numerator) as double) as numerator,
        cast(sum(denominator) as double) as denominator,
        cast(sum(population) as double) as population

    from segmented_figures
    group by metric, date, segment_type, segment

),

-- a sum stands for itself where it is over nothing
summed_figures as (

    select
        sums.metric,
        sums.date,
        sums.segment_type,
        sums.segment,
        case definitions.unit
            when 'share' then sums.numerator / nullif(sums.denominator, 0)
            when 'per_100' then 100 * sums.numerator / nullif(sums.denominator, 0)
            else sums.numerator
        end as value,
        sums.numerator,
        sums.denominator,
        sums.denominator / nullif(sums.population, 0) as coverage

    from sums
    inner join definitions
        on sums.metric = definitions.metric

),

figures as (

    select * from summed_figures
    union all
    select * from {{ ref('int_daily_settlements') }}
    union all
    select * from {{ ref('int_daily_returns_to_origin') }}

),

metric_daily as (

    select
        figures.metric,
        figures.segment_type,
        figures.segment,
        definitions.unit,
        cast(figures.value as double) as value,
        cast(figures.numerator as double) as numerator,
        cast(figures.denominator as double) as denominator,
        cast(figures.coverage as double) as coverage,
        {{ days_after('figures.date', 'definitions.matures_after_days') }}
        < clock.date as is_mature,
        figures.date

    from figures
    inner join definitions
        on figures.metric = definitions.metric
    cross join clock
    where clock.date >= figures.date

)

select * from metric_daily
