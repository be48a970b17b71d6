with

observations as (

    select * from {{ ref('int_risk_observations') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

addresses as (

    select * from {{ ref('int_order_addresses') }}

),

shop_rates as (

    select
        signal,
        stratum,
        cast(sum(evidence) as double) / nullif(sum(exposure), 0) as rate

    from observations
    group by signal, stratum

),

rated_observations as (

    select
        observations.*,
        observations.exposure * shop_rates.rate as expected

    from observations
    inner join shop_rates
        on observations.signal = shop_rates.signal
        and observations.stratum = shop_rates.stratum

),

-- guests are nobody twice; several customers may share an address
subjects as (

    select
        'customer' as subject_type,
        customer_id as subject_id,
        order_id
    from orders
    where not is_guest
        and customer_id is not null

    union all

    select
        'address' as subject_type,
        address_hash as subject_id,
        order_id
    from addresses

),

counts as (

    select
        subjects.subject_type,
        subjects.subject_id,
        rated_observations.signal,
        cast(sum(rated_observations.exposure) as bigint) as exposure_count,
        cast(sum(rated_observations.evidence) as bigint) as evidence_count,
        -- the same whatever the order in which it was added up
        round(sum(rated_observations.expected), 9) as expected_count

    from subjects
    inner join rated_observations
        on subjects.order_id = rated_observations.order_id
    group by
        subjects.subject_type, subjects.subject_id, rated_observations.signal

),

-- the more are looked at, the more are far from the mean by luck
judged as (

    select
        *,
        count(*) over (partition by subject_type, signal) as subjects_judged

    from counts

),

-- once is no pattern
repeated as (

    select * from judged
    where evidence_count >= 2

),

chances as (

    {{ poisson_tail('repeated', 'expected_count', 'evidence_count') }}

),

signals as (

    select
        repeated.subject_type || ':' || repeated.subject_id || ':' || repeated.signal
            as signal_id,
        repeated.subject_type,
        repeated.subject_id,
        repeated.signal,
        repeated.evidence_count || ' of ' || repeated.exposure_count || ' '
        || case repeated.signal
            when 'returned_lines' then 'lines delivered came back'
            when 'not_received_claims' then 'parcels are said not to have come'
            when 'reason_mismatches'
                then 'lines inspected came back for another reason than said'
            when 'goods_not_as_sent'
                then 'lines inspected were used, other goods or missing'
            when 'flagged_returns' then 'lines asked back were flagged by a source'
            when 'bracketed_returns'
                then 'orders had variants to choose from, and some came back'
        end
        || '; at the shop''s rate '
        || cast(cast(repeated.expected_count as decimal(18, 2)) as varchar)
        || ' would' as reason,
        repeated.evidence_count,
        repeated.exposure_count,
        repeated.expected_count,
        chances.poisson_tail as expected_by_chance,
        repeated.subjects_judged,
        repeated.subjects_judged * chances.poisson_tail as expected_in_shop,
        repeated.subjects_judged * chances.poisson_tail
            <= {{ var('signal_error_rate') }} as is_beyond_chance

    from repeated
    inner join chances
        on repeated.expected_count = chances.expected_count
        and repeated.evidence_count = chances.evidence_count
    where chances.poisson_tail <= {{ var('signal_chance') }}

)

select * from signals
