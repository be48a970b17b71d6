{# The type of a line's hash, a number of 120 bits. #}
{% macro hash_type() -%}
    {{ return(adapter.dispatch('hash_type', 'postorder')()) }}
{%- endmacro %}

{% macro default__hash_type() -%}
    decimal(38, 0)
{%- endmacro %}

{% macro duckdb__hash_type() -%}
    hugeint
{%- endmacro %}
