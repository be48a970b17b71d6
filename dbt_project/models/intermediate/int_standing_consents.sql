-- Who may be written to now, and how.
with

standing as (

    select
        customer_id,
        purpose,
        {{ listed('channel', '0') }} filter (where is_given) as channels,
        {{ listed('channel', '0') }} filter (where not is_given and channel <> 'any')
            as refused_channels

    from {{ ref('fct_consents') }}
    where valid_to is null
    group by customer_id, purpose
    having bool_or(is_given)

)

select * from standing
