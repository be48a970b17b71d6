with

validations as (

    select
        *,
        {{ week_of(store_date('validated_at')) }} as week

    from {{ ref('fct_address_validations') }}

),

-- one row per check that gave a verdict; a failure of no named check is one too
verdicts as (

    select
        validations.*,
        'serviceability' as address_check,
        is_serviceable as is_passed
    from validations

    union all

    select
        validations.*,
        'normalization' as address_check,
        is_normalized as is_passed
    from validations

    union all

    select
        validations.*,
        'carrier_compatibility' as address_check,
        is_carrier_compatible as is_passed
    from validations

    union all

    select
        validations.*,
        'manual_review' as address_check,
        not needs_manual_review as is_passed
    from validations

    union all

    select
        validations.*,
        'unknown' as address_check,
        false as is_passed
    from validations
    where failed_check = 'unknown'

),

counts as (

    select
        address_check,
        count(*) as validations,
        count(*) filter (where is_passed) as passed,
        count(*) filter (where not is_passed) as failed,
        count(*) filter (where not is_passed and corrected_at is not null)
            as corrected,
        count(*) filter (where not is_passed and is_shipped_anyway) as shipped_anyway,
        count(*) filter (
            where not is_passed and is_shipped_anyway and later_outcome = 'delivered'
        ) as shipped_anyway_delivered,
        count(*) filter (
            where not is_passed and is_shipped_anyway and later_outcome = 'rto'
        ) as shipped_anyway_rto,
        count(*) filter (
            where not is_passed and is_shipped_anyway and later_outcome = 'lost'
        ) as shipped_anyway_lost,
        count(*) filter (
            where not is_passed and is_shipped_anyway and later_outcome = 'open'
        ) as shipped_anyway_open,
        week

    from verdicts
    where is_passed is not null
    group by address_check, week

),

address_outcomes as (

    select
        address_check,
        validations,
        passed,
        failed,
        corrected,
        shipped_anyway,
        shipped_anyway_delivered,
        shipped_anyway_rto,
        shipped_anyway_lost,
        shipped_anyway_open,
        cast(failed as double) / validations as failure_rate,
        {{ wilson_lower('failed', 'validations') }} as lower,
        {{ wilson_upper('failed', 'validations') }} as upper,
        validations >= {{ var('rankable_from') }} as is_rankable,
        week

    from counts

)

select * from address_outcomes
