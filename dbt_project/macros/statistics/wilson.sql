{# Wilson score interval of a rate, 95 %; NULL where nothing was tried. #}

{% macro wilson_lower(successes, trials) -%}
    {{ wilson_bound(successes, trials, '-') }}
{%- endmacro %}

{% macro wilson_upper(successes, trials) -%}
    {{ wilson_bound(successes, trials, '+') }}
{%- endmacro %}

{% macro wilson_bound(successes, trials, side) -%}
    {%- set z = normal_quantile_of_95() -%}
    -- rounding may step just outside of what a rate can be
    case
        when {{ trials }} > 0
            then greatest(0.0, least(1.0,
                (
                    {{ successes }} + {{ z }} * {{ z }} / 2
                    {{ side }} {{ z }} * sqrt(
                        cast({{ successes }} as double)
                        * ({{ trials }} - {{ successes }}) / {{ trials }}
                        + {{ z }} * {{ z }} / 4
                    )
                ) / ({{ trials }} + {{ z }} * {{ z }})
            ))
    end
{%- endmacro %}

{# Two-sided 95 % quantile of the standard normal. #}
{% macro normal_quantile_of_95() -%}
    {{ return('1.959963984540054') }}
{%- endmacro %}
