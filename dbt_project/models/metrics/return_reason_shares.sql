with

returns as (

    select
        *,
        {{ month_of(store_date('delivered_at')) }} as delivered_month,

        -- bought to choose from: the product's fit is not what sent it back
        case
            when is_bracketed and reason_group = 'fit' then 'bracketing'
            else coalesce(reason_code, 'unknown')
        end as reason

    from {{ ref('fct_returns') }}
    where received_at is not null
        and delivered_at is not null
        and received_quantity > 0

),

months as (

    select * from {{ ref('int_delivered_months') }}

),

products as (

    select * from {{ ref('dim_products') }}

),

reason_groups as (

    select
        reason_code as reason,
        reason_group
    from {{ ref('return_reason_groups') }}

    union all

    select
        'bracketing' as reason,
        'bracketing' as reason_group

),

categorized_returns as (

    select
        coalesce(products.category, 'unknown') as category,
        returns.reason,
        returns.received_quantity,
        months.is_mature

    from returns
    inner join months
        on returns.delivered_month = months.delivered_month
    left join products
        on returns.sku = products.sku

),

segmented_returns as (

    select
        'all' as segment_type,
        'all' as segment,
        reason,
        received_quantity,
        is_mature
    from categorized_returns

    union all

    select
        'category' as segment_type,
        category as segment,
        reason,
        received_quantity,
        is_mature
    from categorized_returns

),

segments as (

    select
        segment_type,
        segment,
        cast(
            coalesce(sum(received_quantity) filter (where is_mature), 0) as bigint
        ) as segment_units,
        cast(sum(received_quantity) as bigint) as young_segment_units,
        coalesce(
            cast(
                sum(received_quantity * received_quantity) filter (where is_mature)
                as double
            ) / sum(received_quantity) filter (where is_mature), 1
        ) as units_per_choice

    from segmented_returns
    group by segment_type, segment

),

reasons as (

    select
        segment_type,
        segment,
        reason,
        cast(
            coalesce(sum(received_quantity) filter (where is_mature), 0) as bigint
        ) as units_returned,
        cast(sum(received_quantity) as bigint) as young_units_returned

    from segmented_returns
    group by segment_type, segment, reason

),

-- a reason nobody gave is a finding too, and has an upper bound
shares as (

    select
        segments.segment_type,
        segments.segment,
        reason_groups.reason,
        reason_groups.reason_group,
        segments.segment_units,
        segments.young_segment_units,
        segments.units_per_choice,
        coalesce(reasons.units_returned, 0) as units_returned,
        coalesce(reasons.young_units_returned, 0) as young_units_returned

    from segments
    cross join reason_groups
    left join reasons
        on segments.segment_type = reasons.segment_type
        and segments.segment = reasons.segment
        and reason_groups.reason = reasons.reason

),

return_reason_shares as (

    select
        segment_type,
        segment,
        reason,
        reason_group,
        segment_units,
        units_returned,
        cast(units_returned as double) / nullif(segment_units, 0) as reason_share,
        {{ wilson_lower(
            'units_returned / units_per_choice', '(segment_units / units_per_choice)'
        ) }} as lower,
        {{ wilson_upper(
            'units_returned / units_per_choice', '(segment_units / units_per_choice)'
        ) }} as upper,
        young_segment_units,
        young_units_returned,
        cast(young_units_returned as double) / young_segment_units as naive_share,
        segment_units >= {{ var('rankable_from') }} as is_rankable

    from shares

)

select * from return_reason_shares
