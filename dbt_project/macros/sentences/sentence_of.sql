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
    {%- for found in modules.re.findall('\{(amount:)?(\w+)\}', template) -%}
        {%- do fields.append(found[1] ~ '_minor' if found[0] else found[1]) -%}
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
            {%- do pieces.append("'" ~ piece ~ "'") -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(pieces | join(' || ')) }}
{%- endmacro %}

{# One value as a reader writes it: money with its currency, times in store time. #}
{% macro value_as_text(field, relation) -%}
    {%- if field.startswith('amount:') -%}
        {%- set amount = to_amount(
            relation ~ '.' ~ field[7:] ~ '_minor', relation ~ '.currency'
        ) -%}
        {{ return(
            "rtrim(rtrim(cast(" ~ amount ~ " as varchar), '0'), '.') || ' ' || "
            ~ relation ~ ".currency"
        ) }}
    {%- elif field.endswith('_at') -%}
        {{ return(
            "cast(date_trunc('minute', " ~ store_time(relation ~ '.' ~ field)
            ~ ") as varchar)"
        ) }}
    {%- else -%}
        {{ return("cast(" ~ relation ~ "." ~ field ~ " as varchar)") }}
    {%- endif -%}
{%- endmacro %}
