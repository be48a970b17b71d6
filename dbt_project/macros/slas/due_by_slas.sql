{#
    When things are due by the SLA that fits each best, as `key` and due_at; what no row
    of the seed fits has no row here.

    relation    has gateway and method
    key         names a row of it
    sla         settlement, refund or authorization
    started_at  column the days count from
#}
{% macro due_by_slas(relation, key, sla, started_at) -%}
    with

    ranked_slas as (

        select
            promised.{{ key }},
            promised.{{ started_at }} as started_at,
            slas.days,
            slas.counts,
            slas.cutoff_hour,
            slas.calendar,
            {{ store_date(
                'promised.' ~ started_at
                ~ ' + (24 - coalesce(slas.cutoff_hour, 24)) * interval \'1 hour\''
            ) }} as first_date,
            row_number() over (
                partition by promised.{{ key }}
                order by
                    case when slas.gateway is null then 1 else 0 end,
                    case when slas.method is null then 1 else 0 end
            ) as fit

        from {{ relation }} as promised
        inner join {{ ref('payment_slas') }} as slas
            on slas.sla = '{{ sla }}'
            and coalesce(slas.gateway, promised.gateway) = promised.gateway
            and coalesce(slas.method, promised.method) = promised.method
        where promised.{{ started_at }} is not null

    ),

    fitting_slas as (

        select * from ranked_slas where fit = 1

    ),

    dated as (

        select
            fitting_slas.*,
            case fitting_slas.counts
                when 'business' then last_days.date
                else cast(
                    fitting_slas.first_date
                    + fitting_slas.days * interval '1 day' as date
                )
            end as last_date

        from fitting_slas
        left join {{ ref('int_business_days') }} as first_days
            on fitting_slas.calendar = first_days.calendar
            and fitting_slas.first_date = first_days.date
        left join {{ ref('int_business_days') }} as last_days
            on first_days.calendar = last_days.calendar
            and last_days.is_business_day
            -- what begins on a day without work begins on the next working day
            and last_days.business_day_number
            = first_days.business_day_number
            + case when first_days.is_business_day then 0 else 1 end
            + fitting_slas.days

    )

    select
        {{ key }},
        case
            when counts = 'calendar' and cutoff_hour is null
                then {{ hours_after('started_at', '24 * days') }}
            else {{ store_midnight("(last_date + interval '1 day')") }}
        end as due_at

    from dated
{%- endmacro %}
