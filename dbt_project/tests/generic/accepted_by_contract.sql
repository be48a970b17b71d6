{#
    Values that the contract does not list for their field on their event. The lists
    are the contract's own: one changed there is changed here.
#}
{% test accepted_by_contract(model, domain) %}

{%- set listed = [] -%}
{%- if execute -%}
    {%- for row in run_query(
        'select distinct field from ' ~ source('control', 'contract_values')
    ).rows -%}
        {%- do listed.append(row[0]) -%}
    {%- endfor -%}
{%- endif %}

with

said_values as (

    {{ said_values(model, landed_columns(domain) | select('in', listed) | list) }}

),

counted as (

    select
        event_name,
        field,
        said_value,
        count(*) as row_count

    from said_values
    group by event_name, field, said_value

)

select counted.*
from counted
left join {{ source('control', 'contract_values') }} as accepted
    on counted.event_name = accepted.event_name
    and counted.field = accepted.field
    and counted.said_value = accepted.value
where accepted.value is null

{% endtest %}
