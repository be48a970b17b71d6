{# Whole calendar months from one first of month to another. #}
{% macro months_between(first_month, second_month) -%}
    cast(
        (extract(year from {{ second_month }}) - extract(year from {{ first_month }}))
        * 12
        + extract(month from {{ second_month }}) - extract(month from {{ first_month }})
        as bigint
    )
{%- endmacro %}
