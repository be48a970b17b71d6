select
    machine,
    event_name,
    condition,
    from_state,
    to_state,
    label,
    position
from {{ source('control', 'contract_moves') }}
