"""One run: land, build, validate, publish. The command line and tests call this."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project import gate, shops
from dagster_project.build import BuildReport, build, clock_of
from dagster_project.forget import finish
from dagster_project.publish import publish
from dagster_project.published import Version
from dagster_project.quality.suite import blocking_suites
from dagster_project.quality.validate import ValidationReport, validate
from ingestion.lock import hold
from ingestion.shop import Shop

if TYPE_CHECKING:
    from ingestion.landing import Landing

# Told a step, what it works on, and the number and count of its parts, 0 if unknown.
Progress = Callable[[str, str, int, int], None]


@dataclass(frozen=True)
class RunReport:
    """What a run did, step by step.

    Attributes:
        landing: What landed; ``None`` where no files were given.
        build: How the models were built.
        validation: The verdict of the gate.
        version: What readers see now.
        was_known: Whether that version was there before: nothing had changed.
    """

    landing: Landing | None
    build: BuildReport
    validation: ValidationReport
    version: Version
    was_known: bool


def run(
    shop: Shop,
    paths: Sequence[Path | str] = (),
    *,
    source: str | None = None,
    backfill: bool = False,
    as_of: datetime | None = None,
    full_refresh: bool = False,
    default_source: str | None = None,
    is_warm: bool = False,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> RunReport:
    """Land files, build the models, judge them, and publish what passes.

    Without paths, a folder that is empty or holds the sample lands the sample as a
    backfill; any other folder is built on what has landed there.

    Args:
        shop: The data folder and its settings.
        paths: Event files and folders; the folder of a source's tables with ``source``.
        source: Name of a source that speaks its own tables.
        backfill: Load history as if we had been there.
        as_of: The clock; before the published one it never moves the pointer.
        full_refresh: Build everything anew.
        default_source: Source of events that name none.
        is_warm: Do only what new events can change, as a watcher does: tests of single
            columns, suites that only warn and Parquet wait for a whole run.
        progress: Told each step.
        now: The start of the run, UTC.

    Raises:
        GateError: The build failed validation; the last published version stays.
        ShopLockedError: Another process works on the shop.
    """
    now = now or datetime.now(UTC)
    tell = progress or (lambda *_: None)
    with hold(shop, "run"):
        landing = None
        is_sample = not paths and shops.kind_of(shop) != "own"
        if is_sample:
            tell("land", "the embedded sample", 0, 0)
            landing = land_sample(shop, now=now)
        elif paths:
            tell("land", ", ".join(map(str, paths)), 0, 0)
            landing = land(
                shop,
                paths,
                source=source,
                backfill=backfill,
                default_source=default_source,
                now=now,
            )
        tell("build", "reading the models", 0, 0)
        built = build(
            shop,
            as_of=clock_of(
                shop, started_at=now, is_backfill=backfill or is_sample, as_of=as_of
            ),
            full_refresh=full_refresh,
            is_warm=is_warm,
            progress=lambda name, number, count: tell("build", name, number, count),
        )
        tell("validate", "judging the population", 0, 0)
        validation = validate(
            shop,
            working=built.working,
            suites=blocking_suites() if is_warm else None,
        )
        gate.require_passed(validation.verdict)
        tell("publish", "writing a version", 0, 0)
        started = datetime.now(UTC)
        version = publish(shop, working=built.working, now=started, is_warm=is_warm)
        if built.build.is_past:
            shutil.rmtree(built.working.parent)
        return RunReport(
            landing=landing,
            build=built,
            validation=validation,
            version=version,
            was_known=version.published_at != started,
        )


def land(
    shop: Shop,
    paths: Sequence[Path | str],
    *,
    source: str | None = None,
    backfill: bool = False,
    default_source: str | None = None,
    now: datetime | None = None,
) -> Landing:
    """Land a shop's own files, or the tables of a source.

    Raises:
        ShopError: The folder holds the embedded sample, or a source was given
            anything but one folder.
    """
    shops.require(shop, "own")
    from ingestion.landing import land_files, land_source

    landed_at = now or datetime.now(UTC)
    if source is None:
        landing = land_files(
            paths,
            shop=shop,
            landed_at=landed_at,
            backfill=backfill,
            default_source=default_source,
        )
    elif len(paths) == 1:
        landing = land_source(
            source, Path(paths[0]), shop=shop, landed_at=landed_at, backfill=backfill
        )
    else:
        raise shops.ShopError(
            f"--source {source} takes one folder, its export; {len(paths)} were given"
        )
    # only now: what could not land leaves an empty folder free for the sample
    shops.claim(shop, "own")
    finish(shop, now=landed_at)
    return landing


def land_sample(shop: Shop, *, now: datetime | None = None) -> Landing:
    """Land the embedded sample as history.

    Raises:
        ShopError: The folder holds another shop, or the sample is not there.
    """
    from ingestion.landing import land_files

    if not (shops.SAMPLE / shops.SAMPLE_DOMAINS[0]).is_dir():
        raise shops.ShopError(
            f"{shops.SAMPLE} is missing; `postorder simulate --sample` writes it"
        )
    # before it lands: a crash in between leaves a folder that is known as the sample's
    shops.claim(shop, "sample")
    landed_at = now or datetime.now(UTC)
    landing = land_files(
        [shops.SAMPLE / domain for domain in shops.SAMPLE_DOMAINS],
        shop=shop,
        landed_at=landed_at,
        backfill=True,
    )
    finish(shop, now=landed_at)
    return landing
