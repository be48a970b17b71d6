{# What identity needs of a copy, and nothing wider. #}
{% macro narrow_columns() -%}
{{ return([
    'content_hash', 'event_id', 'fact_key', 'event_name', 'domain', 'source',
    'landing_id', 'landed_file', 'target_event_id', 'landing_seq', 'line_number',
    'occurred_at', 'observed_from', 'ingested_at',
]) }}
{%- endmacro %}

{# The same of one domain's copies. #}
{% macro narrow_copies(domain, domain_name, target_event_id) -%}
    {%- set given = {
        'domain': "'" ~ domain_name ~ "' as domain",
        'target_event_id': target_event_id ~ ' as target_event_id',
    } -%}
    select
        {% for column in narrow_columns() %}
        {{ given.get(column, column) }}{{ ',' if not loop.last }}
        {% endfor %}

    from {{ ref('stg_' ~ domain ~ '_events') }}
{%- endmacro %}

{# The full rows of the copies this build resolves that do not stand alone. #}
{% macro copies_in_company(domain) -%}
    select
        copies.*,
        identities.epoch

    from {{ ref('stg_' ~ domain ~ '_events') }} as copies
    inner join {{ ref('int_event_identities') }} as identities
        on copies.content_hash = identities.content_hash
    cross join {{ ref('stg_clock') }} as clock
    where identities.has_company
        and identities.resolved_after_seq = clock.previous_landing_seq
{%- endmacro %}
