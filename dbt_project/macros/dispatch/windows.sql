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
    {{ return(adapter.dispatch('whole_numbers', 'postorder')(below)) }}
{%- endmacro %}

{% macro default__whole_numbers(below) -%}
    select generate_series as number from generate_series(0, {{ below }} - 1)
{%- endmacro %}

{% macro duckdb__whole_numbers(below) -%}
    select range as number from range({{ below }})
{%- endmacro %}
