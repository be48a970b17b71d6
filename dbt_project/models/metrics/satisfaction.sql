with

surveys as (

    select * from {{ ref('int_surveys') }}

),

contacts as (

    select * from {{ ref('order_contacts') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

-- each counts in its own week: a period figure
happenings as (

    select
        {{ store_date('placed_at') }} as date,
        order_id,
        'order' as kind,
        null as survey_type,
        null as score_share
    from orders

    union all

    select
        {{ store_date('contacted_at') }} as date,
        order_id,
        'contact' as kind,
        null as survey_type,
        null as score_share
    from contacts

    union all

    select
        {{ store_date('surveyed_at') }} as date,
        order_id,
        'survey' as kind,
        survey_type,
        score_share
    from surveys

),

described_happenings as (

    select
        {{ week_of('happenings.date') }} as week,
        happenings.kind,
        happenings.score_share,
        orders.order_id is not null as is_of_order,
        coalesce(happenings.survey_type, 'unknown') as survey_type,
        coalesce(orders.channel, 'unknown') as channel,
        coalesce(orders.payment_mode, 'unknown') as payment_mode

    from happenings
    left join orders
        on happenings.order_id = orders.order_id

),

segmented_happenings as (

    select
        'all' as segment_type,
        'all' as segment,
        described_happenings.*
    from described_happenings

    union all

    select
        'channel' as segment_type,
        channel as segment,
        described_happenings.*
    from described_happenings

    union all

    select
        'payment_mode' as segment_type,
        payment_mode as segment,
        described_happenings.*
    from described_happenings

    union all

    select
        'survey_type' as segment_type,
        survey_type as segment,
        described_happenings.*
    from described_happenings
    where kind = 'survey'

),

satisfaction as (

    select
        week,
        segment_type,
        segment,
        count(*) filter (where kind = 'survey') as surveys,
        avg(score_share) as mean_score,
        case
            when segment_type <> 'survey_type'
                then count(*) filter (where kind = 'contact')
        end as contacts,
        case
            when segment_type <> 'survey_type'
                then count(*) filter (where kind = 'order')
        end as orders,
        cast(count(*) filter (where kind = 'contact') as double) * 100
        / nullif(count(*) filter (where kind = 'order'), 0) as contacts_per_100_orders,
        cast(
            count(*) filter (where kind = 'contact' and is_of_order) as double
        ) / nullif(count(*) filter (where kind = 'contact'), 0) as contact_coverage

    from segmented_happenings
    group by week, segment_type, segment

)

select * from satisfaction
