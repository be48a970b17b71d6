select
    machine,
    state,
    is_terminal,
    is_passing
from {{ source('control', 'contract_states') }}
