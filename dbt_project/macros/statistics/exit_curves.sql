{#
    Cumulative incidence of competing exits (Aalen-Johansen), one row per key and age
    at which a spell ended or was last seen open.

    With a single kind of exit this is Kaplan-Meier: open_share is its survival and
    the incidence is what is missing from one. At equal ages exits come before
    censoring: who was last seen open at an age was at risk there.

    spells  relation with one row per spell
    keys    columns that separate the curves
    age     column: how long the spell has lasted, any ordered type
    exit    column: how it ended, NULL while open
    exits   the kinds of exit that are told apart; any other value counts as open

    Columns: keys, age, at_risk, <exit>_exits, open_share, cif_<exit>. The open share
    and the incidences add up to one on every row.
#}
{% macro exit_curves(spells, keys, age, exit, exits) -%}
    {%- set by_key = 'partition by ' ~ keys | join(', ') -%}
    {%- set up_to_age = by_key ~ ' order by ' ~ age
        ~ ' rows between unbounded preceding and current row' -%}
    with

    leavers as (

        select
            {{ keys | join(', ') }},
            {{ age }},
            {% for kind in exits %}
            count(*) filter (where {{ exit }} = '{{ kind }}') as {{ kind }}_exits,
            {% endfor %}
            count(*) filter (
                where {{ exit }} in ('{{ exits | join("', '") }}')
            ) as all_exits,
            count(*) as leaver_count

        from {{ spells }}
        group by {{ keys | join(', ') }}, {{ age }}

    ),

    risk_sets as (

        select
            leavers.*,
            cast(
                sum(leaver_count) over ({{ by_key }} order by {{ age }} desc) as bigint
            ) as at_risk

        from leavers

    ),

    open_shares as (

        select
            risk_sets.*,
            {{ running_product('1 - cast(all_exits as double) / at_risk') }}
                over ({{ up_to_age }}) as open_share

        from risk_sets

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

{#
    Aggregate over one curve: the first age by which that share of the spells has left
    by the exit whose incidence is given; NULL where the curve does not get there.
#}
{% macro curve_percentile(age, incidence, share) -%}
    min({{ age }}) filter (where 1 - {{ incidence }} <= 1 - {{ share }} + 1e-9)
{%- endmacro %}

{#
    Bounds of the 95 % interval of that age, by inverting the band of `incidence_bands`
    (Brookmeyer & Crowley 1982): the first age at which the band comes up to the share,
    and the first at which all of it has; NULL where the band does not get there.
#}
{% macro curve_percentile_lower(age, incidence, share) -%}
    {{ curve_percentile(age, incidence ~ '_upper', share) }}
{%- endmacro %}

{% macro curve_percentile_upper(age, incidence, share) -%}
    {{ curve_percentile(age, incidence ~ '_lower', share) }}
{%- endmacro %}
