with

exports as (

    select
        exports.export_id,
        exports.audience,
        exports.format,
        exports.version,
        exports.exported_by,
        exports.row_count,
        exports.held_out_count,
        exports.left_out_count,
        exports.as_of,
        exports.exported_at

    from {{ source('control', 'audience_exports') }} as exports
    cross join {{ ref('stg_clock') }} as clock
    -- in a backfill the wall clock is far ahead of the one that counts
    where exports.as_of <= clock.as_of

)

select * from exports
