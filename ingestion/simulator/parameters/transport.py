# ruff: noqa: RUF009 - the tables are frozen, so sharing a default is safe
"""How systems report what happened: late, twice, not at all, by a clock that is off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from ingestion.errors import SimulationError
from ingestion.simulator.draws import Quantiles, hours, minutes
from ingestion.simulator.parameters.shop import Window

Delivery = Literal["webhook", "poll", "log"]


@dataclass(frozen=True)
class Feed:
    """How a kind of system reports its facts.

    Attributes:
        delay: Seconds from fact to report.
        late: Seconds of a late report.
        late_share: Share reported late.
        repeated_share: Share delivered a second time, word for word.
        polled_share: Share reported again by a poll, under another delivery.
        missing_share: Share never reported.
        copy_lag: Seconds from the first report to the copy.
        delivery: How its reports come in: each pushed by a ``webhook``, in the answers
            to a ``poll``, or in a ``log`` that knows no deliveries.
    """

    delay: Quantiles
    late: Quantiles
    late_share: float
    repeated_share: float
    polled_share: float
    missing_share: float
    copy_lag: Quantiles
    delivery: Delivery = "webhook"

    def at_shares(
        self, *, late: float | None, copied: float | None, missing: float | None
    ) -> Feed:
        """Return the same feed with other shares; one that is zero stays zero."""

        def share(now: float, asked: float | None) -> float:
            return asked if now and asked is not None else now

        return replace(
            self,
            late_share=share(self.late_share, late),
            repeated_share=share(self.repeated_share, copied),
            polled_share=share(self.polled_share, copied),
            missing_share=share(self.missing_share, missing),
        )


@dataclass(frozen=True)
class Outage:
    """A time in which the reports of a system do not arrive.

    Attributes:
        system: First part of the source's name.
        window: When.
        recovered_share: Share that a poll brings once the outage is over.
        recovery: Seconds from the end of the outage to that poll.
    """

    system: str
    window: Window
    recovered_share: float
    recovery: Quantiles = hours((0, 0.5), (0.8, 5), (1, 14))


@dataclass(frozen=True)
class Skew:
    """A time in which the clock of a system is off.

    Attributes:
        system: First part of the source's name.
        window: When.
        seconds: How far ahead the clock is; negative is behind. Less than the ten
            minutes beyond which the contract refuses a time ahead.
    """

    system: str
    window: Window
    seconds: int


FEEDS: Mapping[str, Feed] = MappingProxyType(
    {
        "webhook": Feed(
            delay=Quantiles(((0, 1), (0.7, 4), (0.95, 40), (1, 600))),
            late=hours((0, 1), (0.6, 7), (0.9, 31), (1, 88)),
            late_share=0.012,
            repeated_share=0.009,
            polled_share=0.011,
            missing_share=0.0008,
            copy_lag=hours((0, 0.3), (0.8, 4), (1, 26)),
        ),
        "scan": Feed(
            delay=minutes((0, 1), (0.6, 14), (0.95, 70), (1, 300)),
            late=hours((0, 5), (0.5, 14), (0.9, 52), (1, 130)),
            late_share=0.021,
            repeated_share=0.012,
            polled_share=0.017,
            missing_share=0.0013,
            copy_lag=hours((0, 0.5), (0.8, 6), (1, 40)),
        ),
        "batch": Feed(
            delay=minutes((0, 1), (0.5, 8), (1, 17)),
            late=hours((0, 2), (0.7, 9), (1, 44)),
            late_share=0.006,
            repeated_share=0.004,
            polled_share=0,
            missing_share=0,
            copy_lag=hours((0, 0.2), (1, 2)),
            delivery="poll",
        ),
        "log": Feed(
            delay=minutes((0, 0.2), (0.7, 2), (1, 9)),
            late=hours((0, 2), (1, 7)),
            late_share=0.004,
            repeated_share=0,
            polled_share=0,
            missing_share=0,
            copy_lag=hours((0, 1), (1, 2)),
            delivery="log",
        ),
        "prompt": Feed(
            delay=Quantiles(((0, 1), (1, 20))),
            late=hours((0, 1), (1, 2)),
            late_share=0,
            repeated_share=0,
            polled_share=0,
            missing_share=0,
            copy_lag=hours((0, 1), (1, 2)),
        ),
    }
)


@dataclass(frozen=True)
class Transport:
    """The way from the systems to the files.

    Attributes:
        feeds: Habits by kind of system.
        outages: When nothing comes from a system.
        skews: Whose clock is off when.
        identified: Systems, by the first part of their sources' names, whose webhooks
            carry an id of the fact.
        listed: Those of them that tell the same id when they are polled.
        corrupted_share: Share of the lines written that break the contract.
    """

    feeds: Mapping[str, Feed] = field(default_factory=lambda: FEEDS)
    outages: tuple[Outage, ...] = (
        Outage("shiprocket", Window(0.437, 2, 2.6), recovered_share=0.91),
    )
    skews: tuple[Skew, ...] = (
        Skew("wms", Window(0.31, 6, 41), -170),
        Skew("pos", Window(0.62, 9, 60), 95),
    )
    identified: tuple[str, ...] = ("razorpay", "payu", "stripe")
    listed: tuple[str, ...] = ("stripe",)
    corrupted_share: float = 0

    def at_rates(
        self,
        *,
        late: float | None = None,
        duplicated: float | None = None,
        missing: float | None = None,
        corrupted: float | None = None,
    ) -> Transport:
        """Return the same way with other shares; what is None stays as it is.

        Args:
            late: Share of the facts reported late.
            duplicated: Share reported twice: half word for word, half by a poll.
            missing: Share never reported.
            corrupted: Share of the lines written that break the contract.

        A feed keeps a share of zero: what reports once and completely still does.

        Raises:
            SimulationError: A share is not between 0 and 1.
        """
        asked = {
            "late": late,
            "duplicated": duplicated,
            "missing": missing,
            "corrupted": corrupted,
        }
        for name, share in asked.items():
            if share is not None and not 0 <= share <= 1:
                raise SimulationError(f"{name} must be between 0 and 1, not {share}")
        feeds = {
            kind: feed.at_shares(
                late=late,
                copied=None if duplicated is None else duplicated / 2,
                missing=missing,
            )
            for kind, feed in self.feeds.items()
        }
        return replace(
            self,
            feeds=MappingProxyType(feeds),
            corrupted_share=self.corrupted_share if corrupted is None else corrupted,
        )
