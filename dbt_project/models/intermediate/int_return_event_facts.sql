{{
    config(
        materialized='incremental',
        incremental_strategy='changed_facts',
    )
}}

-- depends_on: {{ ref('int_changed_facts') }}
{{ event_facts('return') }}
