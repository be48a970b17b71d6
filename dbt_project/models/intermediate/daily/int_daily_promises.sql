with

promised_orders as (

    select * from {{ ref('promised_orders') }}

),

-- as promise_kept counts them: an order once, when both its promises are decided
kept_promises as (

    select
        order_id,
        carrier,
        date,
        case when is_decided then 1 else 0 end as denominator,
        case when is_decided and has_kept_original then 1 else 0 end as kept_original,
        case when is_decided and has_kept_current then 1 else 0 end as kept_current,
        case when is_decided and is_revised then 1 else 0 end as revised

    from promised_orders

),

addresses as (

    select
        order_id,
        outcome,
        {{ store_date('validated_at') }} as date

    from {{ ref('fct_address_validations') }}

),

figures as (

    select
        'address_failure_rate' as metric,
        date,
        order_id,
        cast(null as varchar) as carrier,
        case when outcome = 'failed' then 1 else 0 end as numerator,
        1 as denominator,
        1 as population
    from addresses

    {% for metric, column in {
        'promise_kept_original_rate': 'kept_original',
        'promise_kept_current_rate': 'kept_current',
        'promise_revision_rate': 'revised',
    }.items() %}
    union all

    select
        '{{ metric }}' as metric,
        date,
        order_id,
        carrier,
        {{ column }} as numerator,
        denominator,
        1 as population
    from kept_promises
    {% endfor %}

)

select * from figures
