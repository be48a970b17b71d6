{#
    What each event says to a person, as a sentence for timelines: event name to the
    template that the contract gives it.

    {field} is the event's value, [ … ] is left out unless everything in it is known,
    {amount:x} is x_minor with its currency, and {units:x} counts units. Free text, names and hashes never
    appear here: a mart holds no direct personal data.
#}
{% macro event_sentences() -%}
    {%- set sentences = {} -%}
    {%- if execute -%}
        {%- for row in run_query(
            'select event_name, sentence from ' ~ source('control', 'contract_events')
            ~ ' order by rank'
        ).rows -%}
            {%- do sentences.update({row[0]: row[1]}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(sentences) }}
{%- endmacro %}
