{{ config(materialized='table') }}

with

spells as (

    select * from {{ ref('int_settlement_spells') }}

),

curves as (

    {{ survival_curves(
        'spells', ['segment_type', 'segment'], 'age_micros', 'exit', 'settled',
        competing=['other'], entry='entry_micros'
    ) }}

)

select * from curves
