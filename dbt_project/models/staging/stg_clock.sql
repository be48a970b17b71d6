select
    as_of,
    previous_as_of,
    previous_landing_seq,
    -- an absent predecessor is a full refresh: everything is new
    coalesce(previous_as_of, cast('1970-01-01 00:00:00+00' as timestamptz))
        as new_since
from {{ source('control', 'clock') }}
