{{ config(materialized='table') }}

with

spells as (

    select * from {{ ref('int_rto_spells') }}

),

curves as (

    {{ exit_curves(
        'spells', ['segment_type', 'segment'], 'age_days', 'exit',
        ['rto', 'delivered', 'lost']
    ) }}

),

banded_curves as (

    {{ incidence_bands(
        'curves', ['segment_type', 'segment'], 'age_days',
        ['rto', 'delivered', 'lost'], ['rto']
    ) }}

)

select * from banded_curves
