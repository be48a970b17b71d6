"""What an honest estimate claims, where its truth is, and what a naive one would say.

An estimate is three queries. ``published`` and ``naive`` read the tables a shop
publishes, ``truth`` the views of what really happened; each names its segments alike,
and ``age`` where a figure is read at an age of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

ZONE = "Asia/Kolkata"
"""The simulated shop's own zone, in which its weeks begin."""

Z = 1.959963984540054
"""Two-sided 95 % quantile of the standard normal."""


@dataclass(frozen=True)
class Estimate:
    """One figure of a published table, with its interval.

    Attributes:
        name: How the table of coverage calls it.
        unit: Unit of the figure and its bias.
        published: Query of segment_type, segment, age, estimate, lower, upper over the
            published tables. A missing bound excludes nothing on its side.
        truth: Query of segment_type, segment, age, truth over the views of truth; NULL
            or absent where there is no such figure to estimate.
        naive: Query of segment_type, segment, estimate, lower, upper over published
            facts: the figure as it is usually computed, with its usual interval.
        naively: How that is, in a few words.
    """

    name: str
    unit: str
    published: str
    truth: str
    naive: str
    naively: str = "open spells dropped"

    def broken(self, name: str, published: str) -> Estimate:
        """Return the same claim, estimated in another way."""
        return replace(self, name=f"{self.name}, {name}", published=published)

    def narrowed(self, share: float) -> Estimate:
        """Return the same estimate with an interval of that share of its width."""
        return self.broken(
            f"{share:.0%} of the width",
            f"""
            select
                segment_type,
                segment,
                age,
                estimate,
                estimate - (estimate - lower) * {share} as lower,
                estimate + (upper - estimate) * {share} as upper
            from ({self.published})
            """,
        )

    def replaced_by_naive(self) -> Estimate:
        """Return the naive estimator under the honest one's name and claim."""
        return self.broken(
            self.naively,
            f"""
            select honest.segment_type, honest.segment, honest.age, naive.* exclude (
                segment_type, segment
            )
            from ({self.published}) as honest
            inner join ({self.naive}) as naive using (segment_type, segment)
            """,
        )


def by_segment(spells: str, segments: dict[str, str], columns: str) -> str:
    """Return a query of the spells once per segment type they belong to.

    Args:
        spells: Query.
        segments: Segment type -> expression of the segment.
        columns: What else to select, comma-separated.
    """
    return "\nunion all\n".join(
        f"select '{kind}' as segment_type, cast({segment} as varchar) as segment, "
        f"{columns} from ({spells})"
        for kind, segment in segments.items()
    )


def week_of(instant: str) -> str:
    """Return the expression of the Monday before an instant, in the store's zone."""
    return f"cast(date_trunc('week', {instant} at time zone '{ZONE}') as date)"


def wilson(counts: str) -> str:
    """Return a query of rates with Wilson's interval.

    Args:
        counts: Query of segment_type, segment, k of n.

    Returns:
        The query, of segment_type, segment, n, estimate, lower and upper.
    """
    half = f"{Z} * sqrt(k * (n - k) / n + {Z}^2 / 4)"
    return f"""
        select
            segment_type,
            segment,
            n,
            k / n as estimate,
            (k + {Z}^2 / 2 - {half}) / (n + {Z}^2) as lower,
            (k + {Z}^2 / 2 + {half}) / (n + {Z}^2) as upper
        from ({counts})
    """
