{#
    Newcombe's interval of the difference of two independent rates, 95 %, from Wilson's
    of each. Columns: <prefix>_rate, <prefix>_lower, <prefix>_upper of either side.
#}

{% macro newcombe_lower(first, second) -%}
    ({{ first }}_rate - {{ second }}_rate - sqrt(
        power({{ first }}_rate - {{ first }}_lower, 2)
        + power({{ second }}_upper - {{ second }}_rate, 2)
    ))
{%- endmacro %}

{% macro newcombe_upper(first, second) -%}
    ({{ first }}_rate - {{ second }}_rate + sqrt(
        power({{ first }}_upper - {{ first }}_rate, 2)
        + power({{ second }}_rate - {{ second }}_lower, 2)
    ))
{%- endmacro %}
