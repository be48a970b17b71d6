"""Which exceptions wait, for whom, and since when."""

from __future__ import annotations

from dashboards.queries.reader import Query

# days since an exception was opened
AGES = ("under 1", "1-3", "3-7", "7-30", "30+")

OPEN_BY_OWNER_AND_AGE = Query(
    """
    select
        coalesce(owner, 'unknown') as owner,
        case
            when age_hours < 24 then 'under 1'
            when age_hours < 72 then '1-3'
            when age_hours < 168 then '3-7'
            when age_hours < 720 then '7-30'
            else '30+'
        end as age,
        count(*) as exceptions
    from marts.fct_exceptions
    where is_open
    group by all
    order by exceptions desc, owner, age
    """
)


def open_by_kind(owner: str | None) -> Query:
    """Return open exceptions by kind with what to do; of one owner or of all."""
    return Query(
        """
        select
            exception_name,
            any_value(next_action) as next_action,
            owner,
            severity,
            count(*) as exceptions,
            max(age_hours) / 24 as oldest_days
        from marts.fct_exceptions
        where is_open and ($owner is null or owner = $owner)
        group by exception_name, owner, severity
        order by
            list_position(['critical', 'high', 'medium', 'low'], severity),
            exceptions desc,
            exception_name
        """,
        {"owner": owner},
    )
