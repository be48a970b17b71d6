{# Calendar and clock arithmetic whose spelling differs between engines. #}

{# The store's calendar day of an instant. #}
{% macro store_date(instant) -%}
    {{ return(adapter.dispatch('store_date', 'postorder')(instant)) }}
{%- endmacro %}

{% macro default__store_date(instant) -%}
    cast(({{ instant }}) at time zone '{{ var("store_timezone") }}' as date)
{%- endmacro %}

{# The store's wall-clock time of an instant, without a zone. #}
{% macro store_time(instant) -%}
    {{ return(adapter.dispatch('store_time', 'postorder')(instant)) }}
{%- endmacro %}

{% macro default__store_time(instant) -%}
    (({{ instant }}) at time zone '{{ var("store_timezone") }}')
{%- endmacro %}

{#
    The quarter of an hour an instant is in, as an instant. Every zone's clock has stood
    a multiple of it from UTC's since 1972: what is counted by quarters first is told the
    store's hour or day once a quarter, and not once an event.
#}
{% macro quarter_of(instant) -%}
    {{ return(adapter.dispatch('quarter_of', 'postorder')(instant)) }}
{%- endmacro %}

{% macro default__quarter_of(instant) -%}
    to_timestamp(floor(extract(epoch from {{ instant }}) / 900) * 900)
{%- endmacro %}

{% macro duckdb__quarter_of(instant) -%}
    make_timestamptz(epoch_us({{ instant }}) // 900000000 * 900000000)
{%- endmacro %}

{# Monday of a date's week, and first day of its month, as dates. #}
{% macro week_of(day) -%}
    cast(date_trunc('week', {{ day }}) as date)
{%- endmacro %}

{% macro month_of(day) -%}
    cast(date_trunc('month', {{ day }}) as date)
{%- endmacro %}

{# Whole microseconds from one instant to a later one; negative if it is earlier. #}
{% macro micros_between(first, second) -%}
    {{ return(adapter.dispatch('micros_between', 'postorder')(first, second)) }}
{%- endmacro %}

{% macro default__micros_between(first, second) -%}
    cast(
        extract(epoch from ({{ second }}) - ({{ first }})) * 1000000 as bigint
    )
{%- endmacro %}

{% macro duckdb__micros_between(first, second) -%}
    (epoch_us({{ second }}) - epoch_us({{ first }}))
{%- endmacro %}

{% macro hours_between(first, second) -%}
    cast({{ micros_between(first, second) }} / 3600000000.0 as double)
{%- endmacro %}

{% macro days_between(first, second) -%}
    cast({{ micros_between(first, second) }} / 86400000000.0 as double)
{%- endmacro %}

{# An instant some hours after another. #}
{% macro hours_after(instant, hours) -%}
    ({{ instant }} + ({{ hours }}) * interval '1 hour')
{%- endmacro %}

{# A date some days after another. #}
{% macro days_after(day, days) -%}
    cast({{ day }} + ({{ days }}) * interval '1 day' as date)
{%- endmacro %}

{# The date as many months later, the month's last where it has no such day. #}
{% macro months_after(day, months) -%}
    cast({{ day }} + ({{ months }}) * interval '1 month' as date)
{%- endmacro %}
