{# Fails for every row in which one of the columns is NULL. #}
{% test are_known(model, columns) %}

select *
from {{ model }}
where {{ columns | join(' is null or ') }} is null

{% endtest %}
