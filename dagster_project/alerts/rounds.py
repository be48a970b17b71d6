"""Tells of a watcher's rounds that fail, and of their end, as of a job that fails."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from dagster_project.alerts import failures
from dagster_project.alerts.command import log_on_screen
from dagster_project.alerts.failures import FailedRun
from dagster_project.watch import Round
from ingestion.shop import Shop

JOB: Final = "watch"

log = logging.getLogger(__name__)


def teller(
    shop: Shop, environment: Mapping[str, str], *, rules: Path | None = None
) -> Callable[[Round], None]:
    """Return what tells people of each round; alerts that fail end none.

    Args:
        shop: Whose rounds they are.
        environment: Holds the channels' secrets.
        rules: The rules file; ours where not given.
    """

    def tell(done: Round) -> None:
        try:
            with log_on_screen():
                if done.error is None:
                    failures.tell_success(
                        JOB, shop, environment, now=done.began_at, rules=rules
                    )
                else:
                    said = str(done.error) or repr(done.error)
                    failures.tell_failure(
                        FailedRun(JOB, _step_of(done), said, None),
                        shop,
                        environment,
                        now=done.began_at,
                        rules=rules,
                    )
        except Exception:
            log.exception("nobody could be told of the round")

    return tell


def _step_of(done: Round) -> str:
    """Return the step that failed, the last that began."""
    return next(reversed(list(done.seconds)), "run")
