"""Decides from an identity token and the list what a reader may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from dashboards.access.people import Level, same_case


class RefusedError(Exception):
    """The reader may see nothing; the message says why."""


class ExpiredError(RefusedError):
    """The identity token's time is over."""


@dataclass(frozen=True)
class Access:
    """What one reader may see.

    Attributes:
        level: How much.
        email: Who it is; ``None`` where nobody is asked.
        expires_at: When the identity token ends, UTC; ``None`` where there is none.
    """

    level: Level
    email: str | None = None
    expires_at: datetime | None = None

    def require_fresh(self, now: datetime) -> None:
        """Raise once the identity token's time is over.

        Raises:
            ExpiredError: It is.
        """
        if self.expires_at is not None and now >= self.expires_at:
            raise ExpiredError("The time of this login is over.")


def decide(
    claims: Mapping[str, object], people: Mapping[str, Level], now: datetime
) -> Access:
    """Return what a reader may see.

    Args:
        claims: Of the identity token, checked by who read it.
        people: The readers, by e-mail as ``same_case`` writes it.
        now: UTC.

    Raises:
        ExpiredError: The token is over, or does not say when it will be.
        RefusedError: Its e-mail is missing, unverified, or not on the list.
    """
    expires_at = _expiry(claims.get("exp"))
    email = claims.get("email")
    if not isinstance(email, str) or not email:
        raise RefusedError(
            "The identity provider did not say your e-mail. Let it send the claim "
            "`email`."
        )
    # some providers never say, some say it as text
    if str(claims.get("email_verified", True)).lower() != "true":
        raise RefusedError("The identity provider has not verified your e-mail.")
    level = people.get(same_case(email))
    if level is None:
        raise RefusedError("You are not on the list of those who may read this.")
    access = Access(level, email, expires_at)
    access.require_fresh(now)
    return access


def _expiry(claimed: object) -> datetime:
    """Read when a token ends; what cannot be read is over."""
    if isinstance(claimed, int | float) and not isinstance(claimed, bool):
        try:
            return datetime.fromtimestamp(claimed, UTC)
        except (OverflowError, OSError, ValueError):
            pass
    raise ExpiredError("This login does not say how long it is good for.")
