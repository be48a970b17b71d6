{#
    Columns of a raw event table that carry what was said, sorted by name: neither
    lineage, nor identity, nor the transport a copy came by. Comparing these is what
    decides whether two copies tell one story.
#}
{% macro said_columns(domain) -%}
    {%- set not_said = [
        'landing_seq', 'landing_id', 'landed_file', 'line_number', 'content_hash',
        'ingested_at', 'first_landed_at', '_dlt_load_id', '_dlt_id',
        'event_id', 'fact_key', 'raw_values', 'extra',
        'delivery_id', 'observed_at', 'trace_id', 'source_time_zone',
        'occurred_at_quality',
    ] -%}
    {{ return(landed_columns(domain) | reject('in', not_said) | list) }}
{%- endmacro %}

{# Every column of a raw event table but dlt's own, sorted by name. #}
{% macro landed_columns(domain) -%}
    {%- if not execute -%} {{ return([]) }} {%- endif -%}
    {%- set columns = adapter.get_columns_in_relation(
        source('raw', domain ~ '_events')
    ) | map(attribute='name') | reject('in', ['_dlt_load_id', '_dlt_id']) -%}
    {{ return(columns | sort) }}
{%- endmacro %}
