-- A bridge beside the facts, which keep the customer as sent. Built whole from what
-- stands now: a retracted contact, or the setting turned off, undoes what hung on it.
with recursive

customers as (

    select
        customer_id,
        is_guest

    from {{ ref('dim_customers') }}

),

holders as (

    select
        contact_holders.contact_kind || ':' || contact_holders.contact_hash as contact,
        contact_holders.contact_kind,
        contact_holders.given_at,
        customers.customer_id,
        customers.is_guest

    from {{ ref('int_contact_holders') }} as contact_holders
    inner join customers
        on contact_holders.customer_id = customers.customer_id
    where {{ var('resolve_identities') }}

),

contacts as (

    select
        contact,
        min(customer_id) as first_customer_id,
        count(*) filter (where not is_guest) as accounts,

        -- a household's phone has two accounts; a placeholder such as n/a has everybody
        count(*) filter (where not is_guest) > 1
            or count(*) > {{ var('contact_customers_most') }} as is_ambiguous

    from holders
    group by contact

),

sound_holders as (

    select
        holders.*,
        contacts.first_customer_id

    from holders
    inner join contacts
        on holders.contact = contacts.contact
    where not contacts.is_ambiguous

),

-- a star around the first holder ties as much together as each with each
links as (

    select
        customer_id as from_customer_id,
        first_customer_id as to_customer_id

    from sound_holders
    where customer_id <> first_customer_id

    union

    select
        first_customer_id as from_customer_id,
        customer_id as to_customer_id

    from sound_holders
    where customer_id <> first_customer_id

),

-- the smallest id of a group reaches all of it by way of greater ones, in whatever
-- order its members came
reached (customer_id, root_id) as (

    select distinct
        customer_id,
        customer_id as root_id

    from sound_holders

    union

    select
        links.to_customer_id as customer_id,
        reached.root_id

    from reached
    inner join links
        on reached.customer_id = links.from_customer_id
        and reached.root_id < links.to_customer_id

),

roots as (

    select
        customer_id,
        min(root_id) as root_id

    from reached
    group by customer_id

),

groups_found as (

    select
        roots.root_id,
        count(*) filter (where not customers.is_guest) as accounts,
        coalesce(
            min(customers.customer_id) filter (where not customers.is_guest),
            roots.root_id
        ) as resolved_customer_id

    from roots
    inner join customers
        on roots.customer_id = customers.customer_id
    group by roots.root_id

),

-- two accounts tied together through a guest are two claims to it, not one person
resolutions as (

    select
        roots.customer_id,
        groups_found.accounts,
        case
            when groups_found.accounts > 1 then roots.customer_id
            else groups_found.resolved_customer_id
        end as resolved_customer_id

    from roots
    inner join groups_found
        on roots.root_id = groups_found.root_id

),

own_contacts as (

    select
        holders.customer_id,
        max(contacts.accounts) as accounts,
        bool_or(contacts.is_ambiguous) as has_ambiguous

    from holders
    inner join contacts
        on holders.contact = contacts.contact
    group by holders.customer_id

),

shared_contacts as (

    select
        resolutions.customer_id,
        bool_or(own_holders.contact_kind = 'email') as is_by_email,
        min(greatest(own_holders.given_at, their_holders.given_at)) as shared_at

    from resolutions
    inner join sound_holders as own_holders
        on resolutions.customer_id = own_holders.customer_id
    inner join sound_holders as their_holders
        on own_holders.contact = their_holders.contact
        and resolutions.resolved_customer_id = their_holders.customer_id
    where resolutions.resolved_customer_id <> resolutions.customer_id
    group by resolutions.customer_id

),

-- a tie through others holds at the latest once all of them have given their contacts
groups_complete as (

    select
        roots.root_id,
        max(sound_holders.given_at) as complete_at

    from roots
    inner join sound_holders
        on roots.customer_id = sound_holders.customer_id
    group by roots.root_id

),

identities as (

    select
        customers.customer_id,
        coalesce(resolutions.resolved_customer_id, customers.customer_id)
            as resolved_customer_id,
        case
            when resolutions.accounts > 1 then 'conflict'
            when shared_contacts.is_by_email then 'email'
            when shared_contacts.customer_id is not null then 'phone'
            when resolutions.resolved_customer_id <> customers.customer_id
                then 'transitive'
            when own_contacts.has_ambiguous then 'conflict'
            else 'as_sent'
        end as method,

        -- an account alone is linked to itself; more than one is a conflict
        cast(
            greatest(
                coalesce(resolutions.accounts, 0), coalesce(own_contacts.accounts, 0)
            ) as bigint
        ) as linked_accounts,
        case
            when resolutions.resolved_customer_id <> customers.customer_id
                then coalesce(
                    shared_contacts.shared_at, groups_complete.complete_at
                )
        end as resolved_at

    from customers
    left join resolutions
        on customers.customer_id = resolutions.customer_id
    left join own_contacts
        on customers.customer_id = own_contacts.customer_id
    left join shared_contacts
        on customers.customer_id = shared_contacts.customer_id
    left join roots
        on customers.customer_id = roots.customer_id
    left join groups_complete
        on roots.root_id = groups_complete.root_id

)

select * from identities
