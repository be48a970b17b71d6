{#
    Cumulative incidence of competing exits (Aalen-Johansen), one row per key and age
    at which a spell ended or was last seen open.

    With a single kind of exit this is Kaplan-Meier: open_share is its survival and
    the incidence is what is missing from one. At equal ages exits come before
    censoring: who was last seen open at an age was at risk there.

    A spell that had begun before anybody watched enters late (left truncation): it is at
    risk after the age it had by then. Had it ended sooner nobody would know of it, so at
    younger ages only those who lasted are seen, and they say nothing.

    spells  relation with one row per spell
    keys    columns that separate the curves
    age     column: how long the spell has lasted, any ordered type
    exit    column: how it ended, NULL while open
    exits   the kinds of exit that are told apart; any other value counts as open
    entry   column: age after which it was watched, NULL where from its beginning; one
            that ended by then is in no curve

    Columns: keys, age, at_risk, <exit>_exits, open_share, cif_<exit>. The open share
    and the incidences add up to one on every row.
#}
{% macro exit_curves(spells, keys, age, exit, exits, entry='null') -%}
    {%- set by_key = 'partition by ' ~ keys | join(', ') -%}
    {%- set up_to_age = by_key ~ ' order by ' ~ age
        ~ ' rows between unbounded preceding and current row' -%}
    with

    steps as (

        select
            {{ keys | join(', ') }},
            {{ age }},
            {{ exit }},
            1 as leaver,
            0 as entrant
        from {{ spells }}
        where coalesce({{ entry }} < {{ age }}, true)

        union all

        select
            {{ keys | join(', ') }},
            {{ entry }} as {{ age }},
            null as {{ exit }},
            0 as leaver,
            1 as entrant
        from {{ spells }}
        where {{ entry }} < {{ age }}

    ),

    ages as (

        select
            {{ keys | join(', ') }},
            {{ age }},
            {% for kind in exits %}
            count(*) filter (where {{ exit }} = '{{ kind }}') as {{ kind }}_exits,
            {% endfor %}
            count(*) filter (
                where {{ exit }} in ('{{ exits | join("', '") }}')
            ) as all_exits,
            sum(leaver) as leaver_count,
            sum(entrant) as entrant_count

        from steps
        group by {{ keys | join(', ') }}, {{ age }}

    ),

    -- all who leave at this age or later, less those who enter then or later
    risk_sets as (

        select
            ages.*,
            cast(
                sum(leaver_count - entrant_count)
                    over ({{ by_key }} order by {{ age }} desc) as bigint
            ) as at_risk

        from ages

    ),

    open_shares as (

        select
            risk_sets.*,
            {{ running_product('1 - cast(all_exits as double) / at_risk') }}
                over ({{ up_to_age }}) as open_share

        from risk_sets
        where leaver_count > 0

    ),

    open_shares_before as (

        select
            open_shares.*,
            coalesce(
                lag(open_share) over ({{ by_key }} order by {{ age }}), 1
            ) as open_share_before

        from open_shares

    ),

    curves as (

        select
            {{ keys | join(', ') }},
            {{ age }},
            at_risk,
            {% for kind in exits %}
            {{ kind }}_exits,
            sum(open_share_before * {{ kind }}_exits / at_risk)
                over ({{ up_to_age }}) as cif_{{ kind }},
            {% endfor %}
            open_share

        from open_shares_before

    )

    select * from curves
{%- endmacro %}
