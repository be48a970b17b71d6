{# The sentence of an event of one domain, as one SQL expression over its columns. #}
{% macro sentence_of(domain, relation) -%}
    {%- set landed = landed_columns(domain) -%}
    case {{ relation }}.event_name
    {% for event_name, template in event_sentences().items()
        if fields_of(template) | reject('in', landed) | list | length == 0 %}
        when '{{ event_name }}' then {{ template_as_sql(template, relation) }}
    {% endfor %}
        else {{ relation }}.event_name
    end
{%- endmacro %}

{# The columns a template needs. #}
{% macro fields_of(template) -%}
    {%- set fields = [] -%}
    {%- for found in modules.re.findall('\{(amount:|units:)?(\w+)\}', template) -%}
        {%- do fields.append(found[1] ~ '_minor' if found[0] == 'amount:' else found[1]) -%}
    {%- endfor -%}
    {{ return(fields) }}
{%- endmacro %}

{# A template as a concatenation; an optional part vanishes with its value. #}
{% macro template_as_sql(template, relation) -%}
    {%- set parts = [] -%}
    {%- for part in modules.re.split('(\[[^\]]*\])', template) if part -%}
        {%- if part[0] == '[' -%}
            {%- do parts.append(
                "coalesce(" ~ part_as_sql(part[1:-1], relation, none) ~ ", '')"
            ) -%}
        {%- else -%}
            {%- do parts.append(part_as_sql(part, relation, '?')) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(parts | join(' || ')) }}
{%- endmacro %}

{# Literal text and values of one part; `absent` stands for a value not known. #}
{% macro part_as_sql(part, relation, absent) -%}
    {%- set pieces = [] -%}
    {%- for piece in modules.re.split('(\{[^}]*\})', part) if piece -%}
        {%- if piece[0] == '{' -%}
            {%- set value = value_as_text(piece[1:-1], relation) -%}
            {%- do pieces.append(
                value if absent is none else "coalesce(" ~ value ~ ", '" ~ absent ~ "')"
            ) -%}
        {%- else -%}
            {%- do pieces.append("'" ~ piece | replace("'", "''") ~ "'") -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(pieces | join(' || ')) }}
{%- endmacro %}

{# One value as a reader writes it: money with its currency, times in store time. #}
{% macro value_as_text(field, relation) -%}
    {%- set said_as_code = (
        'action', 'basis', 'by', 'cause', 'channel', 'check', 'condition', 'destination',
        'disposition', 'field', 'method', 'mode', 'outcome', 'party', 'purpose', 'reason',
        'reason_code', 'remedy', 'resolution', 'scope', 'source', 'stage', 'status',
        'to', 'topic', 'type',
    ) -%}
    {%- set value = relation ~ '.' ~ field -%}
    {%- if field.startswith('amount:') -%}
        {%- set amount = to_amount(
            relation ~ '.' ~ field[7:] ~ '_minor', relation ~ '.currency'
        ) -%}
        {{ return(trimmed(amount) ~ " || ' ' || " ~ relation ~ '.currency') }}
    {%- elif field.startswith('units:') -%}
        {%- set units = relation ~ '.' ~ field[6:] -%}
        {{ return(
            'cast(' ~ units ~ " as varchar) || case when " ~ units
            ~ " = 1 then ' unit' else ' units' end"
        ) }}
    {%- elif field.endswith('_at') -%}
        {{ return('left(cast(' ~ store_time(value) ~ ' as varchar), 16)') }}
    {%- elif field.endswith(('_days', '_hours', 'score', 'rating', '_max')) -%}
        {{ return(trimmed('cast(' ~ value ~ ' as decimal(18, 2))')) }}
    {%- elif field.endswith(said_as_code) and not field.endswith('error_code') -%}
        {{ return('replace(' ~ value ~ ", '_', ' ')") }}
    {%- else -%}
        {{ return('cast(' ~ value ~ ' as varchar)') }}
    {%- endif -%}
{%- endmacro %}

{# A decimal as text, without the zeros that say nothing. #}
{% macro trimmed(number) -%}
    {{ return("rtrim(rtrim(cast(" ~ number ~ " as varchar), '0'), '.')") }}
{%- endmacro %}
