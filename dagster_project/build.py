"""Builds the models: settles the clock, runs dbt, and notes how far the build came.

An increment continues the last complete build of the same code and time zone; what a
failed attempt has half built is built again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from filelock import FileLock

from dagster_project import builds
from dagster_project.builds import Build, last_build
from dagster_project.memory import remember
from dagster_project.published import Version, current
from ingestion.contract.catalogue import CATALOGUE_FILE, load_catalogue
from ingestion.lock import hold
from ingestion.shop import Shop

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

DBT_PROJECT = Path(__file__).resolve().parents[1] / "dbt_project"

# The profile reads the working file's place from here.
WORKING_VARIABLE = "POSTORDER_WORKING"

COMPUTING = ("dbt_project.yml", "macros", "models", "seeds")
SHOWN_ROWS = 10

# What a warm increment leaves out, in dbt's words.
MADE_OF_CODE = ("resource_type:seed", "config.materialized:view", "test_type:generic")

Progress = Callable[[str, int, int], None]


class BuildError(Exception):
    """The models could not be built; the message names the model or test.

    Attributes:
        nodes: What ran until then.
    """

    def __init__(self, message: str, nodes: tuple[Node, ...] = ()) -> None:
        super().__init__(message)
        self.nodes = nodes


@dataclass(frozen=True)
class Rewritten:
    """How much of an incremental table a build wrote, in rows."""

    model: str
    rows: int
    total: int
    schema: str


@dataclass(frozen=True)
class Node:
    """A model or seed that a build wrote, or a test that it ran.

    Attributes:
        name: As dbt calls it.
        schema: Of the table it is, or that it tests.
        table: That table.
        is_test: Whether it is a test.
        seconds: What it took; models run beside each other.
        passed: Whether it is there, or holds.
    """

    name: str
    schema: str
    table: str
    is_test: bool
    seconds: float
    passed: bool = True


@dataclass(frozen=True)
class BuildReport:
    """What a build did.

    Attributes:
        build: The attempt as it is logged.
        working: The file that was built: the shop's, or a copy for a past clock.
        rewritten: Rows written and held, per incremental model.
        nodes: What ran, in the order of its end; of the tests those of one table.
        was_known: Whether the models stood there already, and nothing was done.
    """

    build: Build
    working: Path
    rewritten: tuple[Rewritten, ...] = ()
    nodes: tuple[Node, ...] = ()
    was_known: bool = False


def build(
    shop: Shop,
    *,
    as_of: datetime,
    full_refresh: bool = False,
    is_tested: bool = True,
    is_warm: bool = False,
    progress: Progress | None = None,
) -> BuildReport:
    """Build every model of a shop at one clock.

    A clock before the published one builds a copy of the working file from scratch and
    leaves the working file alone.

    A warm increment writes the tables alone: views and seeds are made of code, and an
    increment stands on the code of the build before. Of the tests it runs the laws,
    the queries of ``dbt_project/tests`` that hold tables against each other; the tests
    of single columns, most of a small build, wait for a whole run. What a table's
    contract forbids cannot be written either way.

    Args:
        shop: What to build.
        as_of: The clock; only rows ingested by then exist.
        full_refresh: Build everything anew, whatever the log says.
        is_tested: Whether the models' data tests run too, and may fail the build.
        is_warm: Whether an increment does only what new events can change.
        progress: Told the name, number and count of the nodes as they start.

    Raises:
        BuildError: Nothing has landed, or a model or test failed.
    """
    known = None if full_refresh else _same_build(shop, as_of)
    if known is not None:
        return BuildReport(build=known, working=shop.working, was_known=True)
    with attempt(shop, as_of=as_of, full_refresh=full_refresh) as (working, begun):
        manifest = _parsed(shop, begun, working)
        ran = run_dbt(
            working,
            dbt_arguments(
                store_timezone=shop.timezone,
                is_full_refresh=begun.full_refresh_reason is not None,
                is_tested=is_tested,
                is_warm=is_warm,
            )
            + dbt_places(shop),
            progress,
            manifest=manifest,
        )
    with duckdb.connect(str(working), read_only=True) as connection:
        rewritten = _rewritten(connection)
        done = builds.attempts_in(connection)[-1]
    return BuildReport(
        build=done,
        working=working,
        rewritten=rewritten,
        nodes=tuple(_nodes(manifest, ran.results)),
    )


def _nodes(manifest: Manifest, results: Sequence[Any]) -> Iterator[Node]:
    """Yield what ran; a test of several tables is no one table's."""
    for result in results:
        if result.status == "skipped":
            continue
        table = result.node
        is_test = table.resource_type == "test"
        if is_test:
            tested = [
                each
                for each in table.depends_on.nodes
                if each.startswith(("model.", "seed."))
            ]
            if len(tested) != 1:
                continue
            table = manifest.nodes[tested[0]]
        yield Node(
            name=result.node.name,
            schema=table.schema,
            table=table.name,
            is_test=is_test,
            seconds=result.execution_time,
            passed=result.status not in ("error", "fail"),
        )


@contextmanager
def attempt(
    shop: Shop, *, as_of: datetime, full_refresh: bool = False, is_whole: bool = True
) -> Iterator[tuple[Path, Build]]:
    """Hold the shop while its models are built, and note the outcome.

    Leaving the block by an error leaves the attempt incomplete.

    Args:
        shop: What is built.
        as_of: The clock.
        full_refresh: Build everything anew.
        is_whole: Whether the block builds every model; a part never counts as a build.

    Yields:
        The working file to build in, and the attempt.

    Raises:
        BuildError: Nothing has landed.
    """
    with hold(shop, "build"):
        published = current(shop.published)
        is_past = published is not None and as_of < published.as_of
        landing_seq = last_landing(shop)
        working = _copy_of(shop, as_of) if is_past else shop.working
        with duckdb.connect(str(working), read_only=True) as connection:
            attempts = builds.attempts_in(connection)
        if published is not None and attempts and not is_past:
            _remember_announced(working, published, attempts[-1])
        code = fingerprint(DBT_PROJECT)
        complete = [each for each in attempts if each.is_complete]
        reason = refresh_reason(
            attempts,
            as_of=as_of,
            store_timezone=shop.timezone,
            code=code,
            is_past=is_past,
            is_asked=full_refresh,
        )
        begun = Build(
            build_id=builds.new_build_id(),
            is_complete=False,
            as_of=as_of,
            landing_seq=landing_seq,
            store_timezone=shop.timezone,
            code=code,
            full_refresh_reason=reason,
            is_past=is_past,
            started_at=datetime.now(UTC),
        )
        builds.begin(working, begun, None if reason else complete[-1])
        with told_of(working):
            yield working, begun
        if is_whole:
            with duckdb.connect(str(working)) as connection:
                builds.finish(connection, begun, datetime.now(UTC))


def _remember_announced(working: Path, published: Version, last: Build) -> None:
    """Keep what readers were told, where their teller was stopped before doing so.

    The build about to begin writes over what they were told from.
    """
    if (
        last.is_complete
        and last.as_of == published.as_of
        and last.started_at <= published.published_at
    ):
        remember(working, published)


def refresh_reason(
    attempts: Sequence[Build],
    *,
    as_of: datetime,
    store_timezone: str,
    code: str,
    is_past: bool,
    is_asked: bool,
) -> str | None:
    """Say why an increment would be wrong, or return ``None`` where it is right."""
    complete = [each for each in attempts if each.is_complete]
    if is_past:
        return "the clock is before the published one"
    if is_asked:
        return "asked for"
    if not complete:
        return "nothing was built before"
    previous, latest = complete[-1], attempts[-1]
    if latest.full_refresh_reason is not None and not latest.is_complete:
        return "the full refresh before did not finish"
    if code != previous.code:
        return "the models or the contract changed"
    if store_timezone != previous.store_timezone:
        return f"the time zone changed from {previous.store_timezone}"
    since = attempts[attempts.index(previous) :]
    if as_of < max(each.as_of for each in since):
        return "the clock went back"
    return None


def dbt_arguments(
    *,
    store_timezone: str,
    is_full_refresh: bool,
    is_tested: bool = True,
    is_warm: bool = False,
) -> list[str]:
    """Return the arguments of the dbt command that every caller runs."""
    spared = MADE_OF_CODE if is_warm and not is_full_refresh else ()
    arguments = [
        "build",
        "--exclude-resource-type",
        "unit_test",
        *([] if is_tested else ["--exclude-resource-type", "test"]),
        # the description that dbt writes of a project waits for a whole run too
        *(["--exclude", *spared, "--no-write-json"] if spared else []),
        *dbt_variables(store_timezone),
    ]
    return [*arguments, "--full-refresh"] if is_full_refresh else arguments


# What one process builds twice, as a watcher and the tests do, it parses once: the same
# code, for the same time zone and the same name of the file.
_MANIFESTS: dict[tuple[str, str, str], Manifest] = {}
KEPT_MANIFESTS = 4
"""A watcher needs one, tests go back and forth between a few time zones; each is large,
and one for every past clock that a process builds would fill the memory."""


def _parsed(shop: Shop, begun: Build, working: Path) -> Manifest:
    """Return dbt's manifest for a build."""
    key = (begun.code, begun.store_timezone, working.stem)
    if key not in _MANIFESTS:
        if len(_MANIFESTS) == KEPT_MANIFESTS:
            del _MANIFESTS[next(iter(_MANIFESTS))]
        _MANIFESTS[key] = run_dbt(
            None, ["parse", *dbt_variables(shop.timezone), *dbt_places(shop)]
        )
    return _MANIFESTS[key]


def dbt_variables(store_timezone: str) -> list[str]:
    """Return dbt's variables: the same for one shop, so that partial parsing works."""
    return ["--vars", json.dumps({"store_timezone": store_timezone})]


def dbt_places(shop: Shop) -> list[str]:
    """Return the arguments that tell dbt a shop's folders, and to keep quiet."""
    return _places(shop.folder / "dbt")


def prepared_manifest() -> Path:
    """Return dbt's manifest, parsed anew where it is missing or older than a file."""
    generated = DBT_PROJECT / "target"
    manifest = generated / "manifest.json"
    generated.mkdir(exist_ok=True)
    with FileLock(generated / "manifest.lock"):
        if not is_current(manifest):
            run_dbt(None, ["parse", *_places(DBT_PROJECT)])
    return manifest


def is_current(manifest: Path) -> bool:
    """Tell whether a manifest of dbt's is there and no file is younger than it."""
    youngest = max(path.stat().st_mtime for path in _sources(DBT_PROJECT))
    return manifest.exists() and manifest.stat().st_mtime >= youngest


def run_dbt(
    working: Path | None,
    arguments: Sequence[str],
    progress: Progress | None = None,
    *,
    manifest: Manifest | None = None,
) -> Any:
    """Run dbt in this process and let go of the working file afterwards.

    Args:
        working: The file it builds in; ``None`` where it only parses.
        arguments: Of the dbt command.
        progress: Told the name, number and count of the nodes as they start.
        manifest: The project as it was parsed before; else it is parsed now.

    Returns:
        What the command answers: the manifest, of ``parse``; of ``build`` its results.

    Raises:
        BuildError: A model or test failed, or dbt could not start.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    def tell(event: Any) -> None:
        if progress is not None and event.info.name == "LogStartLine":
            data = event.data
            progress(data.node_info.node_name, data.index, data.total)

    try:
        runner = dbtRunner(callbacks=[tell], manifest=manifest)
        outcome = runner.invoke(list(arguments))
    finally:
        # dbt-duckdb keeps the file open for the life of the process
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if outcome.success:
        return outcome.result
    results = getattr(outcome.result, "results", None)
    if not results or working is None:
        raise BuildError(f"dbt could not run: {outcome.exception}") from (
            outcome.exception
        )
    raise BuildError(
        _describe_failures(working, results),
        nodes=tuple(_nodes(manifest, results)) if manifest is not None else (),
    )


def fingerprint(project: Path) -> str:
    """Return a hash of everything that decides what the models compute."""
    digest = hashlib.sha256()
    for path in _sources(project):
        digest.update(str(path.relative_to(project)).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    digest.update(CATALOGUE_FILE.read_bytes())
    return digest.hexdigest()


def _sources(project: Path) -> list[Path]:
    """Return the files that decide what the models compute, in order."""
    return sorted(
        path
        for path in project.rglob("*")
        if path.is_file() and path.relative_to(project).parts[0] in COMPUTING
    )


def _places(generated: Path) -> list[str]:
    """Return the arguments that tell dbt its folders, and to keep quiet."""
    return [
        "--project-dir",
        str(DBT_PROJECT),
        "--profiles-dir",
        str(DBT_PROJECT),
        "--target-path",
        str(generated / "target"),
        "--log-path",
        str(generated / "logs"),
        "--no-version-check",
        "--no-send-anonymous-usage-stats",
        "--log-level",
        "none",
        # what fails is told by the results; a log would keep rows, and took a tenth
        "--log-level-file",
        "none",
    ]


def last_landing(shop: Shop) -> int:
    """Return the number of the last landing.

    Raises:
        BuildError: Nothing has landed yet.
    """
    nothing = BuildError(
        f"nothing has landed in {shop.folder} yet; `postorder land PATH` lands event "
        "files, `postorder run` the embedded sample"
    )
    if not shop.working.exists():
        raise nothing
    with duckdb.connect(str(shop.working), read_only=True) as connection:
        try:
            found = connection.sql("select max(landing_seq) from raw.landings")
        except duckdb.CatalogException as error:
            raise nothing from error
        (last,) = found.fetchall()[0]
    if last is None:
        raise nothing
    return int(last)


def last_ingested(shop: Shop) -> datetime | None:
    """Return the greatest ``ingested_at`` in ``raw``; ``None`` without events."""
    last_landing(shop)
    with duckdb.connect(str(shop.working), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        each = " union all ".join(
            f"select max(ingested_at) as ingested_at from raw.{table}"
            for table in load_catalogue().event_views.values()
        )
        (last,) = connection.sql(f"select max(ingested_at) from ({each})").fetchall()[0]
    return last if isinstance(last, datetime) else None


def clock_of(
    shop: Shop, *, started_at: datetime, is_backfill: bool, as_of: datetime | None
) -> datetime:
    """Return the clock of a run.

    The one asked for; else the last ``ingested_at`` of a backfill; else the start of
    the run. A backfill never turns the clock back by itself.

    Args:
        shop: What is built.
        started_at: When the run began, UTC.
        is_backfill: Whether history is loaded as if we had been there.
        as_of: The clock asked for.
    """
    if as_of is not None:
        return as_of
    if not is_backfill:
        return started_at
    with hold(shop, "read the clock"):
        published = current(shop.published)
        known = [last_ingested(shop), published.as_of if published else None]
    return max((each for each in known if each is not None), default=started_at)


def _same_build(shop: Shop, as_of: datetime) -> Build | None:
    """Return the last build, where one more would compute the same from the same."""
    with hold(shop, "read the last build"):
        last = last_build(shop.working)
        if last is None or not last.is_complete:
            return None
        same = replace(
            last,
            as_of=as_of,
            landing_seq=last_landing(shop),
            store_timezone=shop.timezone,
            code=fingerprint(DBT_PROJECT),
        )
        is_same = same == last and not builds.has_exported_since(shop.working, last)
    return last if is_same else None


def _copy_of(shop: Shop, as_of: datetime) -> Path:
    """Copy the working file for a build on a past clock, replacing an older copy."""
    folder = shop.folder / "scratch"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with duckdb.connect(str(shop.working)) as connection:
        connection.execute("checkpoint")
    copy = folder / f"{as_of.astimezone(UTC):%Y%m%dT%H%M%SZ}.duckdb"
    shutil.copyfile(shop.working, copy)
    return copy


def rewritten_in(working: Path) -> tuple[Rewritten, ...]:
    """Return how much of each incremental table the last build wrote."""
    with duckdb.connect(str(working), read_only=True) as connection:
        return _rewritten(connection)


def _rewritten(connection: duckdb.DuckDBPyConnection) -> tuple[Rewritten, ...]:
    """Return what incremental models wrote; nothing stands there in a full refresh."""
    written = connection.sql(
        """
        select model, sum(rows)::bigint
        from control.rows_rewritten
        group by model
        order by model
        """
    ).fetchall()
    places = dict(
        connection.sql(
            """
            select table_name, table_schema
            from information_schema.tables
            where table_schema in ('intermediate', 'marts', 'metrics')
            """
        ).fetchall()
    )
    report = []
    for model, rows in written:
        schema = places[model]
        total = connection.sql(f"select count(*) from {schema}.{model}").fetchall()
        report.append(Rewritten(model, rows=rows, total=total[0][0], schema=schema))
    return tuple(report)


def _describe_failures(working: Path, results: Sequence[Any]) -> str:
    """Name each model that broke and each test that failed, with its rows."""
    lines = []
    for result in results:
        status = str(result.status)
        if status == "error":
            message = " ".join(str(result.message).split())
            lines.append(f"{result.node.resource_type} {result.node.name}: {message}")
        elif status == "fail":
            lines.append(f"test {result.node.name}: {result.failures} rows break it")
            lines += _rows_of(working, result.node.compiled_code)
    broken = len([line for line in lines if not line.startswith("    ")])
    head = f"the build failed at {broken} node{'s' if broken != 1 else ''}"
    return "\n".join([head, *(f"  {line}" for line in lines)])


def _rows_of(working: Path, sql: str) -> list[str]:
    """Return up to ten rows that break a test, one a line."""
    try:
        with duckdb.connect(str(working), read_only=True) as connection:
            cursor = connection.execute(f"select * from ({sql}) limit {SHOWN_ROWS}")
            names = [column[0] for column in cursor.description or []]
            return [
                "    "
                + ", ".join(
                    f"{name}={value}" for name, value in zip(names, row, strict=True)
                )
                for row in cursor.fetchall()
            ]
    except duckdb.Error as error:
        return [f"    (its rows cannot be shown: {error})"]


@contextmanager
def told_of(working: Path) -> Iterator[None]:
    """Tell dbt's profile for a while which file it works in."""
    before = os.environ.get(WORKING_VARIABLE)
    os.environ[WORKING_VARIABLE] = str(working)
    try:
        yield
    finally:
        if before is None:
            del os.environ[WORKING_VARIABLE]
        else:
            os.environ[WORKING_VARIABLE] = before
