{# Conditions on alike lines beside a row of review_delays, named `delays`. #}

{# The day lies in the stretch; NULL lies in none. #}
{% macro is_in_delay(day) -%}
    {{ day }} between coalesce(delays.first_day, {{ day }})
    and coalesce(delays.last_day, {{ day }})
{%- endmacro %}

{# The stretch is over, or without an end has begun, and nobody had asked by then. #}
{% macro is_left_alone() -%}
    alike_lines.age_days > coalesce(delays.last_day, delays.first_day - 1)
    and coalesce(
        alike_lines.ask_delay_days > coalesce(
            delays.last_day, alike_lines.ask_delay_days
        ), true
    )
{%- endmacro %}
