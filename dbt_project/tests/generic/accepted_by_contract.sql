{#
    Values that the contract does not list for their field on their event, or, where the
    event has no such field and a source sent it all the same, nowhere. The lists are the
    contract's own: one changed there is changed here.
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

),

accepted as (

    select * from {{ source('control', 'contract_values') }}

),

event_fields as (

    select distinct
        event_name,
        field
    from accepted

),

field_values as (

    select distinct
        field,
        value
    from accepted

)

select counted.*
from counted
left join accepted
    on counted.event_name = accepted.event_name
    and counted.field = accepted.field
    and counted.said_value = accepted.value
left join event_fields
    on counted.event_name = event_fields.event_name
    and counted.field = event_fields.field
left join field_values
    on counted.field = field_values.field
    and counted.said_value = field_values.value
where accepted.value is null
    and (event_fields.field is not null or field_values.value is null)

{% endtest %}
