{#
    Whether something had happened, or had come, by the clock, a relation of that name. Of a comparison with
    another table's row a planner guesses that hardly any row passes, though nearly all
    do, and then builds its joins upon millions of rows; of what is coalesced it guesses
    nothing.
#}
{% macro known_by(instant) -%}
    coalesce({{ instant }} <= clock.as_of, false)
{%- endmacro %}
