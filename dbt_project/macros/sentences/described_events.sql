{# One domain's facts in the words of marts.events. #}
{% macro described_events(domain) -%}
    {%- set landed = landed_columns(domain) -%}
    {%- set amount = ['amount_minor', 'total_minor', 'gross_minor']
        | select('in', landed) -%}
    select
        facts.event_id,
        facts.fact_key,
        facts.fact_id,
        facts.event_name,
        contract_events.domain,
        contract_events.event_group,
        facts.source,
        facts.order_id,
        facts.customer_id,
        contract_events.grain as entity_type,
        {{ entity_id_of(landed, 'facts', 'contract_events.grain') }} as entity_id,
        contract_events.severity,
        case
            when contract_events.is_exception then contract_events.exception_owner
            else contract_events.owner
        end as owner,
        facts.currency,
        {{ sentence_of(domain, 'facts') }} as detail,
        {{ to_amount('coalesce(facts.' ~ amount | join(', facts.') ~ ')', 'facts.currency') }}
            as amount,
        facts.event_rank,
        facts.is_retracted,
        contract_events.is_exception,
        contract_events.is_customer_visible,
        facts.occurred_at,
        facts.observed_at,
        facts.ingested_at

    from {{ ref('int_' ~ domain ~ '_event_facts') }} as facts
    inner join {{ ref('stg_contract_events') }} as contract_events
        on facts.event_name = contract_events.event_name
    inner join {{ ref('stg_clock') }} as clock
        on facts.resolved_after_seq = clock.previous_landing_seq
    where {{ is_changed('facts.fact_id') }}
{%- endmacro %}

{# The id of the thing an event is about; composite ids are joined by a colon. #}
{% macro entity_id_of(landed, relation, grain) -%}
    {%- set grains = {} -%}
    {%- if execute -%}
        {%- for row in run_query(
            'select grain, field from ' ~ source('control', 'contract_entities')
            ~ ' order by grain, position'
        ).rows -%}
            {%- do grains.setdefault(row[0], []).append(row[1]) -%}
        {%- endfor -%}
    {%- endif -%}
    case {{ grain }}
    {% for name, fields in grains.items()
        if fields | reject('in', landed) | list | length == 0 %}
        when '{{ name }}' then {{ relation }}.{{ fields | join(" || ':' || " ~ relation ~ '.') }}
    {% endfor %}
        when '' then ''
    end
{%- endmacro %}
