{#
    Rows whose values do not rise from each named column to the next ones, by more than
    rounding. A missing value is beside none: what has no bound there is not judged.
#}
{% test is_ordered(model, columns) %}

select *
from {{ model }}
where
    {%- for column in columns[:-1] %}
    {%- set earlier = loop %}
    {%- for later in columns[loop.index:] %}
    {{ 'or ' if not (earlier.first and loop.first) }}{{ column }} > {{ later }} + 1e-9
    {%- endfor %}
    {%- endfor %}

{% endtest %}
