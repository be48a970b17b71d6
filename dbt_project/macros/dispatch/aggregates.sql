{# Aggregates whose names differ between engines. #}

{# The value that stands beside the smallest, or largest, key. #}
{% macro min_by(value, key) -%}
    {{ return(adapter.dispatch('min_by', 'postorder')(value, key)) }}
{%- endmacro %}

{% macro default__min_by(value, key) -%}
    min_by({{ value }}, {{ key }})
{%- endmacro %}

{% macro max_by(value, key) -%}
    {{ return(adapter.dispatch('max_by', 'postorder')(value, key)) }}
{%- endmacro %}

{% macro default__max_by(value, key) -%}
    max_by({{ value }}, {{ key }})
{%- endmacro %}

{# Continuous quantile by linear interpolation. #}
{% macro quantile_cont(value, share) -%}
    {{ return(adapter.dispatch('quantile_cont', 'postorder')(value, share)) }}
{%- endmacro %}

{% macro default__quantile_cont(value, share) -%}
    percentile_cont({{ share }}) within group (order by {{ value }})
{%- endmacro %}

{% macro duckdb__quantile_cont(value, share) -%}
    quantile_cont({{ value }}, {{ share }})
{%- endmacro %}

{# Values of a group as one text, the weightiest first, joined by a comma. #}
{% macro listed(value, weight) -%}
    {{ return(adapter.dispatch('listed', 'postorder')(value, weight)) }}
{%- endmacro %}

{% macro default__listed(value, weight) -%}
    string_agg({{ value }}, ', ' order by {{ weight }} desc, {{ value }})
{%- endmacro %}
