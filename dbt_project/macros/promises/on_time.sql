{#
    Whether a parcel met a promise: true or false once known, NULL while it is under
    way and not yet due, or when nothing was promised. Undelivered past its promise is
    a miss; a false delivery kept none. Two rules, named: by the store's calendar day,
    and by the instant.
#}

{% macro is_on_time_by_day(promise) -%}
    {{ is_on_time(
        promise,
        store_date('handed_over_at') ~ ' <= ' ~ store_date(promise),
        store_date('as_of') ~ ' > ' ~ store_date(promise)
    ) }}
{%- endmacro %}

{% macro is_on_time_by_instant(promise) -%}
    {{ is_on_time(promise, 'handed_over_at <= ' ~ promise, 'as_of > ' ~ promise) }}
{%- endmacro %}

{% macro is_on_time(promise, was_met, is_past) -%}
    case
        when not is_judged or {{ promise }} is null then null
        when handed_over_at is not null then {{ was_met }}
        when false_delivery or {{ is_past }} then false
    end
{%- endmacro %}
