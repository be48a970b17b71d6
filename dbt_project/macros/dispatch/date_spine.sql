{# Every day from the first to the last of a one-row relation, both included. #}
{% macro days_of(relation, first, last) -%}
    {{ return(adapter.dispatch('days_of', 'postorder')(relation, first, last)) }}
{%- endmacro %}

{% macro default__days_of(relation, first, last) -%}
    select cast(day as date) as date
    from (
        select unnest(generate_series({{ first }}, {{ last }}, interval '1 day')) as day
        from {{ relation }}
    )
{%- endmacro %}
