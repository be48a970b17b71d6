{# Fails for every row where the expression is false or unknown. #}
{% test is_true(model, expression, column_name=none) %}

select *
from {{ model }}
where ({{ expression }}) is not true

{% endtest %}
