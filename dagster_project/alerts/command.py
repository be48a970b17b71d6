"""What the command line and a schedule call: judge and tell, write and send."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from time import sleep as wait
from typing import Final

import duckdb

from dagster_project import canary, gate, published
from dagster_project.alerts import metrics, standing
from dagster_project.alerts.channels import LOG, DeliveryError, deliver
from dagster_project.alerts.digest import Digest, digest_of
from dagster_project.alerts.evaluate import Seen, evaluate
from dagster_project.alerts.letter import message_of
from dagster_project.alerts.notify import Told, notify
from dagster_project.alerts.rules import RULES, Definition, read_rules
from dagster_project.alerts.standing import Standing
from ingestion.shop import Shop

LINE: Final = "%(asctime)s %(levelname)s %(message)s"


def alert(
    environment: Mapping[str, str],
    *,
    now: datetime,
    rules: Path | None = None,
    is_dry_run: bool = False,
    sleep: Callable[[float], None] = wait,
) -> Told:
    """Judge the rules on the version in force and tell who should know.

    Args:
        environment: Names the shop, and holds the channels' secrets.
        now: The time of the run, UTC.
        rules: The rules file; ours where not given.
        is_dry_run: Whether nothing is sent and nothing is written.
        sleep: Waits between two tries of a delivery.

    Raises:
        RulesError: The rules file has a mistake.
        StandingError: Who was told what cannot be known.
    """
    shop = Shop.from_environment(environment)
    held = (
        nullcontext(Standing(shop.folder)) if is_dry_run else standing.hold(shop.folder)
    )
    with held as stands, _seen(shop, now) as (seen, definitions):
        read = read_rules(rules or RULES, definitions)
        findings = evaluate(read.rules, seen, stands.segments())
        told = notify(
            findings,
            read,
            stands,
            environment,
            now=now,
            is_dry_run=is_dry_run,
            sleep=sleep,
        )
        return replace(told, trouble=seen.trouble)


def digest(environment: Mapping[str, str], *, now: datetime) -> Digest:
    """Write the weekly letter from the version in force.

    Args:
        environment: Names the shop.
        now: The instant of writing, UTC.
    """
    shop = Shop.from_environment(environment)
    version, connection = published.connect_current(shop.published)
    with connection:
        verdict = gate.last_verdict(shop.working)
        return digest_of(version, connection, verdict, now)


def send_digest(
    written: Digest,
    environment: Mapping[str, str],
    *,
    now: datetime,
    rules: Path | None = None,
    sleep: Callable[[float], None] = wait,
) -> dict[str, str]:
    """Send the letter to every channel that the rules file names for it.

    Args:
        written: The letter.
        environment: Names the shop, and holds the channels' secrets.
        now: The instant of writing, UTC.
        rules: The rules file; ours where not given.
        sleep: Waits between two tries.

    Returns:
        What went wrong, by channel; empty text where nothing did.

    Raises:
        RulesError: The rules file has a mistake.
    """
    shop = Shop.from_environment(environment)
    with _seen(shop, now) as (_, definitions):
        read = read_rules(rules or RULES, definitions)
        message = message_of(written, now)
        sent = {}
        for name in read.digest_to:
            try:
                sent[name] = deliver(
                    read.channels[name], message, environment, sleep=sleep
                )
            except DeliveryError as error:
                sent[name] = str(error)
        return sent


@contextmanager
def _seen(
    shop: Shop, now: datetime
) -> Iterator[tuple[Seen, dict[str, Definition] | None]]:
    """Open what rules are judged on; a shop without a version is judged too."""
    verdict = gate.last_verdict(shop.working)
    canaries = tuple(canary.known(shop).values())
    try:
        version, connection = published.connect_current(shop.published)
    except (published.NothingPublishedError, published.BrokenVersionError) as error:
        yield Seen(None, None, str(error), verdict, now, canaries), None
        return
    with connection:
        definitions, trouble = None, ""
        try:
            definitions = metrics.definitions(connection)
        except duckdb.Error as error:
            trouble = f"no rule on a metric is judged: {error}"
        yield Seen(version, connection, trouble, verdict, now, canaries), definitions


@contextmanager
def log_on_screen() -> Iterator[None]:
    """Write the channel `log` to standard error, where nobody else collects it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(LINE))
    LOG.addHandler(handler)
    level = LOG.level
    LOG.setLevel(logging.INFO)
    try:
        yield
    finally:
        LOG.removeHandler(handler)
        LOG.setLevel(level)
