"""A daily metric summed over its last mature weeks, beside the weeks before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from dagster_project.published import Version
from dashboards.queries.reader import cached, only_row

DAYS = 28


@dataclass(frozen=True)
class Headline:
    """One metric over ``DAYS`` mature days; ``naive`` runs to the clock instead.

    Attributes:
        part: Numerator, or the count itself where there is no denominator.
        whole: Denominator; ``None`` or 0 where there is none.
        part_before: Numerator of as many days before.
        whole_before: Their denominator.
        naive_part: Numerator of the last days to the clock, mature or not.
        naive_whole: Their denominator.
        first_date: First of the mature days.
        last_date: Last mature day; ``None`` where no day is mature yet.
        newest_date: Last day there is.
    """

    part: float | None
    whole: float | None
    part_before: float | None
    whole_before: float | None
    naive_part: float | None
    naive_whole: float | None
    first_date: date | None
    last_date: date | None
    newest_date: date | None


@cached
def headline(version: Version, metric: str, *, days: int = DAYS) -> Headline:
    """Return one metric of the whole shop over its last mature days."""
    return only_row(
        version,
        Headline,
        """
        with

        daily as (

            select date, numerator, denominator, is_mature
            from metrics.metric_daily
            where metric = $metric and segment_type = 'all'

        ),

        ends as (

            select
                max(date) filter (where is_mature) as last_date,
                max(date) as newest_date
            from daily

        ),

        placed as (

            select
                daily.*,
                ends.last_date - daily.date as days_back,
                ends.newest_date - daily.date as days_old
            from daily
            cross join ends

        )

        select
            sum(numerator) filter (where days_back >= 0 and days_back < $days) as part,
            sum(denominator) filter (
                where days_back >= 0 and days_back < $days
            ) as whole,
            sum(numerator) filter (
                where days_back >= $days and days_back < 2 * $days
            ) as part_before,
            sum(denominator) filter (
                where days_back >= $days and days_back < 2 * $days
            ) as whole_before,
            sum(numerator) filter (where days_old < $days) as naive_part,
            sum(denominator) filter (where days_old < $days) as naive_whole,
            cast((select last_date from ends) - $days + 1 as date) as first_date,
            (select last_date from ends) as last_date,
            (select newest_date from ends) as newest_date
        from placed
        """,
        {"metric": metric, "days": days},
    )
