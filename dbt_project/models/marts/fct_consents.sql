-- Consents are of customers, whose events hang on no order: read whole.
with

changes as (

    select * from {{ ref('int_consent_changes') }}

),

answers as (

    select
        customer_id,
        purpose,
        channel,
        occurred_at,

        -- who agrees and takes it back in one breath has not agreed
        bool_and(event_name = 'consent_granted') as is_grant,
        min(legal_basis) as legal_basis

    from changes
    where event_name <> 'subject_erasure_requested'
    group by customer_id, purpose, channel, occurred_at

),

erasures as (

    select
        customer_id,
        min(occurred_at) as erased_at

    from changes
    where event_name = 'subject_erasure_requested'
    group by customer_id

),

-- a channel the customer never named goes by what was said of all of them
channels as (

    select
        customer_id,
        purpose,
        coalesce(channel, 'any') as channel

    from answers
    group by customer_id, purpose, coalesce(channel, 'any')

),

-- what is said of no channel is said of each
answers_by_channel as (

    select
        channels.customer_id,
        channels.purpose,
        channels.channel,
        answers.occurred_at,
        answers.is_grant,
        answers.legal_basis,
        answers.channel is not null as is_by_name

    from channels
    inner join answers
        on channels.customer_id = answers.customer_id
        and channels.purpose = answers.purpose
        and (
            answers.channel is null
            or channels.channel = answers.channel
        )

),

-- a general yes does not take back the no to a channel by its name
effects as (

    select
        customer_id,
        purpose,
        channel,
        occurred_at,
        legal_basis,
        is_by_name,
        is_grant,
        is_grant
        and (
            is_by_name
            or coalesce(
                max(case when is_by_name and not is_grant then occurred_at end)
                    over so_far
                < max(case when is_by_name and is_grant then occurred_at end)
                    over so_far,
                max(case when is_by_name and not is_grant then occurred_at end)
                    over so_far is null
            )
        ) as is_given

    from answers_by_channel
    window so_far as (
        partition by customer_id, purpose, channel
        order by occurred_at
        range between unbounded preceding and current row
    )

),

effects_by_instant as (

    select
        effects.customer_id,
        effects.purpose,
        effects.channel,
        effects.occurred_at as valid_from,
        'consent_withdrawn' as ended_by,
        min(effects.legal_basis) filter (where effects.is_given) as legal_basis,
        bool_and(effects.is_given) as is_given

    from effects
    left join erasures
        on effects.customer_id = erasures.customer_id
    where erasures.erased_at is null
        or effects.occurred_at < erasures.erased_at
    group by
        effects.customer_id,
        effects.purpose,
        effects.channel,
        effects.occurred_at

    union all

    select
        channels.customer_id,
        channels.purpose,
        channels.channel,
        erasures.erased_at as valid_from,
        'subject_erasure_requested' as ended_by,
        cast(null as varchar) as legal_basis,
        false as is_given

    from channels
    inner join erasures
        on channels.customer_id = erasures.customer_id

),

turns as (

    select
        *,
        lag(is_given) over (
            partition by customer_id, purpose, channel order by valid_from
        ) as was_given

    from effects_by_instant

),

spells as (

    select
        customer_id,
        purpose,
        channel,
        case when is_given then legal_basis end as legal_basis,
        case
            when is_given
                then lead(ended_by) over by_time
        end as ended_by,
        is_given,
        valid_from,
        lead(valid_from) over by_time as valid_to

    from turns
    where is_given is distinct from was_given
    window by_time as (
        partition by customer_id, purpose, channel order by valid_from
    )

)

select * from spells
