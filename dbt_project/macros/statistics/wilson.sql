{# Wilson score interval of a rate, 95 %; NULL where nothing was tried. #}

{% macro wilson_lower(successes, trials) -%}
    {{ wilson_bound(successes, trials, '-') }}
{%- endmacro %}

{% macro wilson_upper(successes, trials) -%}
    {{ wilson_bound(successes, trials, '+') }}
{%- endmacro %}

{% macro wilson_bound(successes, trials, side) -%}
    {%- set z = normal_quantile_of_95() -%}
    {%- set trials_or_null = 'nullif(cast(' ~ trials ~ ' as double), 0)' -%}
    -- rounding may step just outside of what a rate can be
    greatest(0.0, least(1.0,
        (
            {{ successes }} + {{ z }} * {{ z }} / 2
            {{ side }} {{ z }} * sqrt(
                {{ successes }} * ({{ trials_or_null }} - {{ successes }})
                / {{ trials_or_null }}
                + {{ z }} * {{ z }} / 4
            )
        ) / ({{ trials_or_null }} + {{ z }} * {{ z }})
    ))
{%- endmacro %}

{# Two-sided 95 % quantile of the standard normal. #}
{% macro normal_quantile_of_95() -%}
    {{ return('1.959963984540054') }}
{%- endmacro %}
