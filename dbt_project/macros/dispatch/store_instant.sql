{# The instant at which the store's clock shows a time. #}
{% macro store_instant(wall_time) -%}
    {{ return(adapter.dispatch('store_instant', 'postorder')(wall_time)) }}
{%- endmacro %}

{% macro default__store_instant(wall_time) -%}
    (({{ wall_time }}) at time zone '{{ var("store_timezone") }}')
{%- endmacro %}
