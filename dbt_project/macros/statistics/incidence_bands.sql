{#
    Pointwise 95 % bands of cumulative incidences, beside the rows of `exit_curves`.

    The variance of an incidence is the delta-method one of the Aalen-Johansen estimate
    (Marubini & Valsecchi 1995, section 10.3; Kalbfleisch & Prentice 2002, section 8.2):
    with I the incidence of the exit, S the share open before an age, n at risk there, d
    leaving by any exit and k by this one, the sums running over ages u up to t,

        var I(t) = sum (I(t) - I(u))^2 d / (n (n - d))
                 + sum S(u)^2 k (n - k) / n^3
                 - 2 sum (I(t) - I(u)) S(u) k / n^2

    which is Greenwood's where no other exit competes. The band is symmetric in
    log(-log(1 - I)) and so stays within 0 and 1. Where nobody left by the exit it has no
    upper bound, and where everybody did no lower one: NULL.

    curves  relation: what exit_curves returned
    keys    columns that separate the curves
    age     column: age of a row
    exits   every kind of exit the curves tell apart
    banded  the kinds of exit to draw a band around

    Columns: those of curves; cif_<exit>_variance, _lower and _upper of each banded exit.
#}
{% macro incidence_bands(curves, keys, age, exits, banded) -%}
    {%- set by_key = 'partition by ' ~ keys | join(', ') -%}
    {%- set up_to_age = by_key ~ ' order by ' ~ age
        ~ ' rows between unbounded preceding and current row' -%}
    with

    steps as (

        select
            {{ curves }}.*,
            cast(at_risk as double) as risk,
            cast({{ exits | join('_exits + ') }}_exits as double) as leavers,
            coalesce(
                lag(open_share) over ({{ by_key }} order by {{ age }}), 1
            ) as open_share_before

        from {{ curves }}

    ),

    -- who leaves with the last at risk closes the curve: no later age looks back on it
    terms as (

        select
            steps.*,
            coalesce(leavers / (risk * nullif(risk - leavers, 0)), 0) as spread
            {%- for kind in banded %},
            open_share_before * {{ kind }}_exits / (risk * risk) as {{ kind }}_drift,
            open_share_before * open_share_before * {{ kind }}_exits
                * (risk - {{ kind }}_exits) / (risk * risk * risk) as {{ kind }}_noise
            {%- endfor %}

        from steps

    ),

    -- the squares above multiplied out, for each sum to run only once
    sums as (

        select
            terms.*,
            sum(spread) over ({{ up_to_age }}) as spreads
            {%- for kind in banded %},
            sum(cif_{{ kind }} * spread + {{ kind }}_drift)
                over ({{ up_to_age }}) as {{ kind }}_drifts,
            sum(
                cif_{{ kind }} * (cif_{{ kind }} * spread + 2 * {{ kind }}_drift)
                + {{ kind }}_noise
            ) over ({{ up_to_age }}) as {{ kind }}_noises
            {%- endfor %}

        from terms

    ),

    variances as (

        select
            sums.*
            {%- for kind in banded %},
            greatest(
                cif_{{ kind }} * (cif_{{ kind }} * spreads - 2 * {{ kind }}_drifts)
                + {{ kind }}_noises, 0
            ) as cif_{{ kind }}_variance
            {%- endfor %}

        from sums

    ),

    bands as (

        select
            {{ keys | join(', ') }},
            {{ age }},
            at_risk,
            {% for kind in exits %}
            {{ kind }}_exits,
            cif_{{ kind }},
            {% endfor %}
            {% for kind in banded %}
            cif_{{ kind }}_variance,
            {{ incidence_bound('cif_' ~ kind, 'lower') }} as cif_{{ kind }}_lower,
            {{ incidence_bound('cif_' ~ kind, 'upper') }} as cif_{{ kind }}_upper,
            {% endfor %}
            open_share

        from variances

    )

    select * from bands
{%- endmacro %}

{# One bound of an incidence whose variance stands beside it as <incidence>_variance. #}
{% macro incidence_bound(incidence, side) -%}
    {%- set is_lower = side == 'lower' -%}
    case
        when {{ incidence }} <= 1e-12 then {{ '0.0' if is_lower else 'null' }}
        when {{ incidence }} >= 1 - 1e-12 then {{ 'null' if is_lower else '1.0' }}
        else 1 - power(
            1 - {{ incidence }},
            exp(
                {{ '-' if is_lower else '' }}{{ normal_quantile_of_95() }}
                * sqrt({{ incidence }}_variance)
                / (-ln(1 - {{ incidence }}) * (1 - {{ incidence }}))
            )
        )
    end
{%- endmacro %}
