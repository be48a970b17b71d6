{# Window aggregates and number series whose spelling differs between engines. #}

{# Product of a value over a window, zeros included. #}
{% macro running_product(value) -%}
    {{ return(adapter.dispatch('running_product', 'postorder')(value)) }}
{%- endmacro %}

{% macro default__running_product(value) -%}
    product({{ value }})
{%- endmacro %}

{# The whole numbers from 0 up to, not including, `below`, as column `number`. #}
{% macro whole_numbers(below) -%}
    select numbers.number
    from {{ number_series(below) }} as numbers (number)
{%- endmacro %}

{% macro number_series(below) -%}
    {{ return(adapter.dispatch('number_series', 'postorder')(below)) }}
{%- endmacro %}

{% macro default__number_series(below) -%}
    generate_series(0, {{ below }} - 1)
{%- endmacro %}

{% macro duckdb__number_series(below) -%}
    range({{ below }})
{%- endmacro %}
