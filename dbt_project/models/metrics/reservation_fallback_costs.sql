-- the row that names more of the pair fits better, and the place given up says more
{%- set fit -%}
    case when costs.from_location_id is not null then 2 else 0 end
    + case when costs.to_location_id is not null then 1 else 0 end
{%- endset %}

with

fallbacks as (

    select
        *,
        {{ store_date('coalesce(answered_at, requested_at)') }} as date

    from {{ ref('fct_reservations') }}
    where fell_back

),

costs as (

    select * from {{ ref('fallback_costs') }}

),

pairs as (

    select distinct
        location_id,
        fallback_location_id
    from fallbacks

),

pair_costs as (

    select
        pairs.location_id,
        pairs.fallback_location_id,
        {{ max_by('costs.currency', fit) }} as currency,
        {{ max_by('costs.cost_minor', fit) }} as cost_minor

    from pairs
    inner join costs
        on pairs.location_id = coalesce(costs.from_location_id, pairs.location_id)
        and pairs.fallback_location_id
            = coalesce(costs.to_location_id, pairs.fallback_location_id)
    group by pairs.location_id, pairs.fallback_location_id

),

costed_fallbacks as (

    select
        fallbacks.date,
        fallbacks.sku,
        fallbacks.location_id,
        fallbacks.order_line_id,
        fallbacks.fallback_cost_amount is not null as is_said,
        coalesce(
            case
                when fallbacks.fallback_cost_amount is not null then fallbacks.currency
            end,
            pair_costs.currency,
            'unknown'
        ) as currency,
        coalesce(
            fallbacks.fallback_cost_amount,
            {{ to_amount('pair_costs.cost_minor', 'pair_costs.currency') }}
        ) as cost_amount

    from fallbacks
    left join pair_costs
        on fallbacks.location_id = pair_costs.location_id
        and fallbacks.fallback_location_id = pair_costs.fallback_location_id

),

reservation_fallback_costs as (

    select
        sku,
        location_id,
        currency,
        count(distinct order_line_id) as fallback_lines,
        count(distinct order_line_id) filter (where cost_amount is not null)
            as costed_lines,
        count(distinct order_line_id) filter (where is_said) as said_lines,
        cast(sum(cost_amount) as decimal(18, 4)) as cost_amount,
        cast(sum(cost_amount) as double)
            / nullif(
                count(distinct order_line_id) filter (where cost_amount is not null), 0
            ) as cost_per_line,
        date

    from costed_fallbacks
    group by date, sku, location_id, currency

)

select * from reservation_fallback_costs
