{# Where a parcel travels, as text: origin location > destination region. #}
{% macro lane(origin_location_id, destination_region) -%}
    coalesce({{ origin_location_id }}, 'unknown')
    || ' > ' || coalesce({{ destination_region }}, 'unknown')
{%- endmacro %}
