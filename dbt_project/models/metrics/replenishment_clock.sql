{%- set percentiles = {'p35': 0.35, 'p50': 0.5} -%}

with

products as (

    select * from {{ ref('dim_products') }}

),

sku_gaps as (

    select
        gaps.sku,
        products.category,
        gaps.gap_days,
        case when not gaps.is_open then 'reordered' end as exit

    from {{ ref('int_sku_gaps') }} as gaps
    inner join products
        on gaps.sku = products.sku

),

-- what is missing is like nothing in particular: unknown lends no clock
spells as (

    select
        'sku' as basis,
        sku as group_name,
        gap_days,
        exit
    from sku_gaps

    union all

    select
        'category' as basis,
        category as group_name,
        gap_days,
        exit
    from sku_gaps
    where category <> 'unknown'

    union all

    select
        'shop' as basis,
        'all' as group_name,
        gap_days,
        exit
    from sku_gaps

),

curves as (

    {{ survival_curves(
        'spells', ['basis', 'group_name'], 'gap_days', 'exit', 'reordered'
    ) }}

),

percentiles as (

    select
        basis,
        group_name,
        1 - min(survival) as reordered_share,
        max(gap_days) as observed_days
        {%- for name, share in percentiles.items() %},
        {{ curve_percentile('gap_days', 'survival', share) }} as {{ name }}_days,
        {{ curve_percentile('gap_days', 'lower', share) }} as {{ name }}_lower_days,
        {{ curve_percentile('gap_days', 'upper', share) }} as {{ name }}_upper_days
        {%- endfor %}

    from curves
    group by basis, group_name

),

counts as (

    select
        basis,
        group_name,
        count(*) filter (where exit is not null) as gaps,
        count(*) filter (where exit is null) as open_gaps,
        {{ quantile_cont('gap_days', 0.5) }} filter (where exit is not null)
            as naive_p50_days

    from spells
    group by basis, group_name

),

clocks as (

    select
        counts.basis,
        counts.group_name,
        counts.gaps,
        counts.open_gaps,
        counts.naive_p50_days,
        percentiles.reordered_share,
        percentiles.observed_days
        {%- for name in percentiles %},
        percentiles.{{ name }}_days,
        percentiles.{{ name }}_lower_days,
        percentiles.{{ name }}_upper_days
        {%- endfor %},
        counts.gaps >= {{ var('rankable_from') }} as is_reliable

    from counts
    inner join percentiles
        on counts.basis = percentiles.basis
        and counts.group_name = percentiles.group_name

),

-- its own clock where that is reliable, else its category's, else the shop's
chosen as (

    select
        products.sku,
        products.category,
        products.is_consumable,
        products.expected_life_days,
        coalesce(of_sku.gaps, 0) as sku_gaps,
        coalesce(of_sku.open_gaps, 0) as sku_open_gaps,
        case
            when of_sku.is_reliable then 'sku'
            when of_category.is_reliable then 'category'
            else 'shop'
        end as basis,
        case
            when of_sku.is_reliable then products.sku
            when of_category.is_reliable then products.category
            else 'all'
        end as group_name

    from products
    left join clocks as of_sku
        on of_sku.basis = 'sku'
        and products.sku = of_sku.group_name
    left join clocks as of_category
        on of_category.basis = 'category'
        and products.category = of_category.group_name

),

replenishment_clock as (

    select
        chosen.sku,
        chosen.category,
        chosen.is_consumable,
        chosen.expected_life_days,
        chosen.basis,
        coalesce(clocks.gaps, 0) as gaps,
        coalesce(clocks.open_gaps, 0) as open_gaps,
        chosen.sku_gaps,
        chosen.sku_open_gaps,
        {% for name in percentiles %}
        clocks.{{ name }}_days,
        clocks.{{ name }}_lower_days,
        clocks.{{ name }}_upper_days,
        {% endfor %}
        clocks.naive_p50_days,
        clocks.reordered_share,
        clocks.observed_days,
        coalesce(clocks.is_reliable, false) as is_reliable

    from chosen
    left join clocks
        on chosen.basis = clocks.basis
        and chosen.group_name = clocks.group_name

)

select * from replenishment_clock
