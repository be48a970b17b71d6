{{ config(materialized='table') }}

-- Stories that share a payment, parcel, refund, return line, claim or ticket, because
-- sources name different orders for it. What is rewritten for one is for all of them.
with

shared_links as (

    select link_key
    from {{ ref('int_order_links') }}
    where is_shared

),

stories_on_things as (

    {{ stories_hanging_on('order', 'shared_links') }}
    union
    {{ stories_hanging_on('payment', 'shared_links') }}
    union
    {{ stories_hanging_on('return', 'shared_links') }}

),

pairs as (

    select distinct
        one.story_id,
        other.story_id as tied_story_id

    from stories_on_things as one
    inner join stories_on_things as other
        on one.link_key = other.link_key
        and one.story_id <> other.story_id

)

select * from pairs
