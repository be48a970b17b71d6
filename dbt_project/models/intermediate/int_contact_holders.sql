{{ config(materialized='table') }}

-- Which customers gave which contact. Parcels carry the recipient's, who need not be
-- the buyer, so what happened on the road says nothing here.
with

events as (

    {% for domain in ['order', 'payment', 'return'] %}
    select
        event_name,
        customer_id,
        email_hash,
        phone_hash,
        occurred_at

    from {{ ref('int_' ~ domain ~ '_events') }}
    where customer_id is not null
        and (email_hash is not null or phone_hash is not null)
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

contract_events as (

    select * from {{ ref('stg_contract_events') }}

),

buyers_events as (

    select events.*
    from events
    inner join contract_events
        on events.event_name = contract_events.event_name
    where contract_events.event_group
        not in ('shipment', 'delivery', 'rto', 'pickup')

),

contacts_given as (

    select
        customer_id,
        'email' as contact_kind,
        email_hash as contact_hash,
        occurred_at

    from buyers_events
    where email_hash is not null

    union all

    select
        customer_id,
        'phone' as contact_kind,
        phone_hash as contact_hash,
        occurred_at

    from buyers_events
    where phone_hash is not null

),

contact_holders as (

    select
        contact_kind,
        contact_hash,
        customer_id,
        min(occurred_at) as given_at

    from contacts_given
    group by contact_kind, contact_hash, customer_id

)

select * from contact_holders
