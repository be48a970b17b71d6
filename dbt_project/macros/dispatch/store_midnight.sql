{# The instant at which a store date begins. #}
{% macro store_midnight(day) -%}
    {{ return(adapter.dispatch('store_midnight', 'postorder')(day)) }}
{%- endmacro %}

{% macro default__store_midnight(day) -%}
    (cast({{ day }} as timestamp) at time zone '{{ var("store_timezone") }}')
{%- endmacro %}
