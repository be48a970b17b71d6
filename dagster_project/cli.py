"""The command line: a thin front for the functions that Dagster runs too."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project import telemetry

if TYPE_CHECKING:
    from dagster_project.run import Progress
    from dagster_project.watch import Round
    from ingestion.landing import Landing
    from ingestion.shop import Shop

# Each command imports what it needs when it runs: `--help` answers at once, and reading
# a published version never waits for the tools that made it.

app = typer.Typer(
    name="postorder",
    help="The post-order warehouse: land events, build marts, publish and read them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

export = typer.Typer(
    help="Write what others keep: files made from the published database.",
    no_args_is_help=True,
)
app.add_typer(export, name="export")

USAGE_ERROR = 2
FAILURE = 1


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


class LetterFormat(StrEnum):
    """How a letter is written."""

    TEXT = "text"
    HTML = "html"


def instant(text: str) -> datetime:
    """Read a time with its offset; a date or a time without one counts as UTC."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not a time; write 2026-01-31T18:30:00Z"
        ) from error
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


PATHS_HELP = "Files of events, folders, patterns and s3://bucket/prefix."

# text, not paths: an address of a store is none
Paths = Annotated[list[str] | None, typer.Argument(help=PATHS_HELP, show_default=False)]
Backfill = Annotated[
    bool,
    typer.Option("--backfill", help="Load history as if we had been there."),
]
Source = Annotated[
    str | None,
    typer.Option(help="Read the tables of this source, e.g. olist, from one folder."),
]
DefaultSource = Annotated[
    str | None, typer.Option(help="The source of events that name none.")
]
AsOf = Annotated[
    datetime | None,
    typer.Option(
        parser=instant,
        metavar="TIME",
        help="Build on this clock, e.g. 2026-01-31T18:30:00Z.",
        show_default=False,
    ),
]
Rate = Annotated[
    float | None,
    typer.Option(min=0, max=1, help="Share, 0 to 1.", show_default=False),
]
FullRefresh = Annotated[
    bool, typer.Option("--full-refresh", help="Build everything anew.")
]


@app.callback()
def begin() -> None:
    """Finish first what a command that died had begun to forget."""
    from ingestion.shop import Shop

    if (Shop.from_environment().folder / "tombstones.json").exists():
        from dagster_project.forget import finish
        from dagster_project.shops import shop_from
        from ingestion.lock import ShopLockedError

        # another process is at it
        with suppress(ShopLockedError):
            finish(shop_from(os.environ), now=datetime.now(UTC))


@app.command()
def run(
    paths: Paths = None,
    source: Source = None,
    backfill: Backfill = False,
    as_of: AsOf = None,
    full_refresh: FullRefresh = False,
    default_source: DefaultSource = None,
) -> None:
    """Land, build, validate, publish; without PATHS on the embedded sample."""
    from dagster_project import display
    from dagster_project.run import run as run_all
    from dagster_project.shops import shop_from

    _require_paths_for(source, paths)
    shop = shop_from(os.environ, is_sample=not paths)
    with _progress() as progress:
        report = run_all(
            shop,
            paths or (),
            source=source,
            backfill=backfill,
            as_of=as_of,
            full_refresh=full_refresh,
            default_source=default_source,
            progress=progress,
        )
    display.run_report(shop, report)


@app.command()
def land(
    paths: Annotated[list[str], typer.Argument(help=PATHS_HELP)],
    source: Source = None,
    backfill: Backfill = False,
    default_source: DefaultSource = None,
) -> None:
    """Land event files, or the tables of a source."""
    from dagster_project import display
    from dagster_project.run import land as land_paths
    from dagster_project.shops import shop_from

    landing: Landing = land_paths(
        shop_from(os.environ),
        paths,
        source=source,
        backfill=backfill,
        default_source=default_source,
    )
    display.landing(landing)


@app.command()
def replay() -> None:
    """Judge rejected lines again, after an alias, a mapping or a table was mended."""
    from dagster_project import display
    from dagster_project.shops import shop_from
    from ingestion.landing import replay as judge_again

    display.replay(judge_again(shop=shop_from(os.environ), landed_at=datetime.now(UTC)))


@app.command()
def conform(
    paths: Annotated[list[str], typer.Argument(help=PATHS_HELP)],
    out: Annotated[
        Path, typer.Option(help="Folder for conform.html and conform.json.")
    ] = Path("conform"),
    default_source: DefaultSource = None,
) -> None:
    """Say what of a dump would land and what it would feed; changes nothing.

    Ends with 1 where no line keeps the contract, and with 2 where nothing can be read.
    """
    from dagster_project import display
    from ingestion.conform import page
    from ingestion.conform.conformity import conform as judge
    from ingestion.errors import LandingError

    try:
        answer = judge(
            paths, judged_at=datetime.now(UTC), default_source=default_source
        )
    except LandingError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(USAGE_ERROR) from error
    display.conformity(answer, *page.write(answer, out))
    if not answer.accepted:
        raise typer.Exit(FAILURE)


@app.command()
def build(
    backfill: Backfill = False,
    as_of: AsOf = None,
    full_refresh: FullRefresh = False,
) -> None:
    """Build the models of what has landed."""
    from dagster_project import display
    from dagster_project.build import build as build_models
    from dagster_project.build import clock_of
    from dagster_project.shops import kind_of, shop_from

    shop = shop_from(os.environ)
    clock = clock_of(
        shop,
        started_at=datetime.now(UTC),
        is_backfill=backfill or kind_of(shop) == "sample",
        as_of=as_of,
    )
    with _progress() as progress:
        report = build_models(
            shop,
            as_of=clock,
            full_refresh=full_refresh,
            progress=lambda *node: progress("build", *node),
        )
    display.build_report(report)


@app.command()
def validate(
    docs: Annotated[
        bool,
        typer.Option("--docs", help="Write what was judged as a page, too."),
    ] = False,
) -> None:
    """Judge the last build; a failure keeps it from being published, a warning not."""
    from dagster_project import display, gate
    from dagster_project.quality.docs import write_docs
    from dagster_project.quality.validate import validate as judge
    from dagster_project.shops import shop_from

    shop = shop_from(os.environ)
    report = judge(shop)
    if docs:
        typer.echo(f"Written: {write_docs(shop)}")
    gate.require_passed(report.verdict)
    display.validation(report)


@app.command()
def docs() -> None:
    """Write the pages of what was judged and of what the models mean.

    The first needs a validation, the second a build.
    """
    from dagster_project.model_docs import write_model_docs
    from dagster_project.quality.docs import write_docs
    from dagster_project.shops import shop_from

    shop = shop_from(os.environ)
    for write in (write_docs, write_model_docs):
        typer.echo(f"Written: {write(shop)}")


@app.command()
def publish(
    accept: Annotated[
        str | None,
        typer.Option(
            metavar="REASON",
            help="Publish though the build failed validation; the reason is kept with "
            "the version.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Publish the last build that passed validation, or was accepted for a reason."""
    from dagster_project import display
    from dagster_project.publish import publish as publish_build
    from dagster_project.shops import shop_from

    display.version(publish_build(shop_from(os.environ), accept=accept))


@app.command()
def watch(
    minutes: Annotated[
        int,
        typer.Option(
            "--every", min=1, help="Minutes after which the clock moves without news."
        ),
    ] = 15,
) -> None:
    """Publish what arrives in the data folder's landing/ as soon as it is there.

    Ends after the step at hand when it is interrupted or terminated.
    """
    from dagster_project import display
    from dagster_project.alerts.rounds import teller
    from dagster_project.shops import shop_from
    from dagster_project.watch import Watcher

    shop = shop_from(os.environ)
    report, tell = _reporter(shop), teller(shop, os.environ)

    def told(done: Round) -> None:
        display.watched(done)
        report(done)
        tell(done)

    watcher = Watcher(shop, every=timedelta(minutes=minutes), told=told)
    typer.echo(f"watching {watcher.zone}")
    watcher.watch()
    typer.echo("stopped; what is published stands")


@app.command()
def status() -> None:
    """Show what is published, how fresh it is, and what was turned away."""
    from dagster_project import display
    from dagster_project.shops import shop_from

    display.status(shop_from(os.environ), now=datetime.now(UTC))


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="A select on the published database.")],
    format: Annotated[
        Format, typer.Option(help="How rows are written.")
    ] = Format.TABLE,
) -> None:
    """Query the published database."""
    from dagster_project import display
    from dagster_project.published import connect_current, folder_from_environment

    _, connection = connect_current(folder_from_environment())
    with connection:
        display.query(connection, query, format.value)


@app.command()
def order(
    order_id: Annotated[
        str,
        typer.Argument(metavar="ID", help="The order's id, as its source sends it."),
    ],
    format: Annotated[
        Format, typer.Option(help="table, for reading, or json.")
    ] = Format.TABLE,
) -> None:
    """Show one order: state, gates, promise, parcels, money, exceptions, timeline.

    Ends with 1 where no event names it, and with 2 for csv: an order is no table.
    """
    from dagster_project import display
    from dagster_project.order_story import order_story
    from dagster_project.published import connect_current, folder_from_environment

    if format is Format.CSV:
        raise typer.BadParameter(
            "one order is many tables: table or json", param_hint="--format"
        )
    version, connection = connect_current(folder_from_environment())
    with connection:
        story = order_story(version, connection, order_id)
    display.order(story, format.value)


@app.command()
def subject(
    customer: Annotated[
        str,
        typer.Option(metavar="ID", help="The customer's id, as its source sends it."),
    ],
    format: Annotated[
        Format, typer.Option(help="table, for reading, or json, all of it.")
    ] = Format.TABLE,
) -> None:
    """Show everything that is held of a customer, where from and what for.

    Ends with 1 where nothing is, and with 2 for csv: one customer is many tables.
    """
    from dagster_project import display
    from dagster_project.shops import shop_from
    from dagster_project.subject import answer

    if format is Format.CSV:
        raise typer.BadParameter(
            "one customer is many tables: table or json", param_hint="--format"
        )
    display.subject(answer(shop_from(os.environ), customer), format.value)


@app.command()
def forget(
    customer: Annotated[
        str,
        typer.Option(metavar="ID", help="The customer's id, as its source sends it."),
    ],
) -> None:
    """Erase a customer from the data folder, and keep them out for good."""
    from dagster_project import display
    from dagster_project.forget import forget as erase
    from dagster_project.shops import shop_from

    display.erased(erase(shop_from(os.environ), customer, now=datetime.now(UTC)))


@export.command()
def certificate(
    out: Annotated[
        Path, typer.Option(help="The page to write; its JSON goes beside it.")
    ],
    day: Annotated[
        datetime | None,
        typer.Option(
            "--date",
            formats=["%Y-%m-%d"],
            help="Store day to certify; by default the last that is over.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write a day's reconciliation certificate, to print and to sign.

    Ends with 1 where the books do not close.
    """
    from dagster_project import display
    from dagster_project.certificate import page
    from dagster_project.certificate.figures import certificate_of
    from dagster_project.published import connect_current, folder_from_environment

    version, connection = connect_current(folder_from_environment())
    with connection:
        certified = certificate_of(version, connection, day.date() if day else None)
    display.certificate(page.verdict_of(certified), *page.write(certified, out))
    if not certified.is_proven:
        raise typer.Exit(FAILURE)


class AudienceFormat(StrEnum):
    """How an audience is written."""

    CSV = "csv"
    PARQUET = "parquet"


@export.command("audience_reorder_due")
@export.command("audience_review_due")
def audience(
    context: typer.Context,
    format: Annotated[
        AudienceFormat, typer.Option(help="How the file is written.")
    ] = AudienceFormat.CSV,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The file; by default AUDIENCE.FORMAT here.", show_default=False
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            help="Who asks for it; by default the user of this machine.",
            show_default=False,
        ),
    ] = None,
    with_holdouts: Annotated[
        bool,
        typer.Option(
            "--with-holdouts",
            help="List those held out too; holdout_group tells them apart.",
        ),
    ] = False,
) -> None:
    """Write whom to write to now, consent looked at again; the export is recorded.

    Who is held out is not listed unless asked for.
    """
    import getpass

    from dagster_project import display
    from dagster_project.audiences import AUDIENCES
    from dagster_project.audiences import export as export_audience
    from dagster_project.shops import shop_from

    (asked,) = (each for each in AUDIENCES if each.table == context.info_name)
    done = export_audience(
        shop_from(os.environ),
        asked,
        out or Path(f"{asked.table}.{format.value}"),
        format=format.value,
        exported_by=by or getpass.getuser(),
        with_holdouts=with_holdouts,
    )
    display.audience(done)


@app.command()
def alert(
    is_dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Say what would be sent; send and note nothing."
        ),
    ] = False,
    rules: Annotated[
        Path | None,
        typer.Option(help="The rules file; ours where not given.", show_default=False),
    ] = None,
) -> None:
    """Judge the alert rules on what is published, and tell who should know.

    Ends with 1 where a channel failed (what it missed is sent the next time) or a rule
    could not be read, and with 2 where the rules file has a mistake.
    """
    from dagster_project import display
    from dagster_project.alerts.command import alert as judge_and_tell
    from dagster_project.alerts.command import log_on_screen
    from dagster_project.alerts.rules import RulesError

    try:
        with log_on_screen():
            told = judge_and_tell(
                os.environ, now=datetime.now(UTC), rules=rules, is_dry_run=is_dry_run
            )
    except RulesError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(USAGE_ERROR) from error
    display.alerts(told)
    if told.is_amiss:
        raise typer.Exit(FAILURE)


@app.command()
def digest(
    format: Annotated[
        LetterFormat, typer.Option(help="How it is printed.")
    ] = LetterFormat.TEXT,
    is_sent: Annotated[
        bool, typer.Option("--send", help="Send it, to whom the rules file says.")
    ] = False,
    rules: Annotated[
        Path | None,
        typer.Option(help="The rules file; ours where not given.", show_default=False),
    ] = None,
) -> None:
    """Write the weekly letter: what is stuck, whose money pends, is the stock true.

    Ends with 1 where a channel failed, and with 2 where the rules file has a mistake.
    """
    from dagster_project import display
    from dagster_project.alerts import letter
    from dagster_project.alerts.command import digest as write_digest
    from dagster_project.alerts.command import log_on_screen, send_digest
    from dagster_project.alerts.rules import RulesError

    now = datetime.now(UTC)
    written = write_digest(os.environ, now=now)
    if not is_sent:
        is_page = format is LetterFormat.HTML
        typer.echo(letter.html_of(written) if is_page else letter.text_of(written))
        return
    try:
        with log_on_screen():
            sent = send_digest(written, os.environ, now=now, rules=rules)
    except RulesError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(USAGE_ERROR) from error
    display.digest_sent(letter.title_of(written), sent)
    if any(sent.values()):
        raise typer.Exit(FAILURE)


@app.command()
def canary(
    is_check: Annotated[
        bool,
        typer.Option("--check", help="Look where those planted earlier have come to."),
    ] = False,
) -> None:
    """Plant an order that goes through every pipeline and into no mart.

    Its files go into the landing zone. With --check, ends with 1 where one was lost
    for an hour or can be seen in a published table.
    """
    from dagster_project import canary as canaries
    from dagster_project import display
    from dagster_project.shops import shop_from

    shop, now = shop_from(os.environ), datetime.now(UTC)
    if not is_check:
        display.canaries([canaries.plant(shop, now=now)])
        return
    found = canaries.check(shop, now=now)
    display.canaries(found)
    if canaries.failing(found, now):
        raise typer.Exit(FAILURE)


@app.command()
def simulate(
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the event files.", show_default=False),
    ] = None,
    orders: Annotated[int, typer.Option(min=1, help="Orders placed.")] = 3000,
    days: Annotated[int, typer.Option(min=1, help="Days they are placed in.")] = 120,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal files.")] = 1,
    start: Annotated[
        datetime,
        typer.Option(formats=["%Y-%m-%d"], help="First day, in Asia/Kolkata."),
    ] = datetime(2026, 3, 1),  # noqa: DTZ001 - a day, in the shop's own zone
    scenario: Annotated[
        str, typer.Option(help="What happens to the shop; --list names them.")
    ] = "everyday",
    truth: Annotated[
        Path | None,
        typer.Option(
            help="Folder, apart from --out, for what really happened.",
            show_default=False,
        ),
    ] = None,
    late: Rate = None,
    duplicated: Rate = None,
    missing: Rate = None,
    corrupted: Rate = None,
    is_sample: Annotated[
        bool, typer.Option("--sample", help="Write the embedded sample anew.")
    ] = False,
    is_list: Annotated[
        bool, typer.Option("--list", help="Tell the scenarios and what they show.")
    ] = False,
) -> None:
    """Write the event files of a shop that never was, and its truth if asked.

    The four rates are shares of the facts (of the lines, for --corrupted); without
    them the scenario's own hold, which corrupt nothing.
    """
    from dagster_project import display

    if is_list:
        display.scenarios()
        return
    if is_sample:
        from dagster_project.shops import SAMPLE
        from ingestion.simulator.sample import SCENARIO, write_sample

        display.simulation(write_sample(SAMPLE), SAMPLE, scenario=SCENARIO)
        return
    if out is None:
        raise typer.BadParameter("name the folder to write", param_hint="--out")
    from ingestion.simulator import simulate as write_events
    from ingestion.simulator import world_of

    simulated = write_events(
        orders=orders,
        days=days,
        seed=seed,
        start=start.date(),
        out=out,
        truth=truth,
        world=world_of(
            scenario,
            late=late,
            duplicated=duplicated,
            missing=missing,
            corrupted=corrupted,
        ),
    )
    display.simulation(simulated, out, scenario=scenario, truth=truth)


@app.command()
def dashboard(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8501,
    host: Annotated[
        str,
        typer.Option(
            help="Address to answer on; beyond this machine asks for a login."
        ),
    ] = "127.0.0.1",
) -> None:
    """Open the pages, to this machine only unless a login is set up."""
    from dagster_project.servers import (
        OpenToOthersError,
        dashboard_command,
        require_login,
        serve,
    )

    try:
        require_login(host)
    except OpenToOthersError as error:
        raise typer.BadParameter(str(error), param_hint="--host") from error
    raise typer.Exit(serve(dashboard_command(port, host)))


@app.command()
def dagster(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 3000,
) -> None:
    """Open Dagster: the lineage, the schedule, the runs; on this machine only."""
    from dagster import DagsterInstance

    from dagster_project.abandoned import end_abandoned
    from dagster_project.servers import dagster_command, dagster_home, serve
    from dagster_project.shops import shop_from
    from ingestion.lock import ShopLockedError, hold

    shop = shop_from(os.environ, is_sample=True)
    home = dagster_home(shop)
    with (
        suppress(ShopLockedError),
        hold(shop, "start Dagster"),
        DagsterInstance.from_config(str(home)) as records,
    ):
        end_abandoned(records)
    raise typer.Exit(serve(dagster_command(port), {"DAGSTER_HOME": str(home)}))


def _reporter(shop: Shop) -> Callable[[Round], None]:
    """Return what tells Dagster of a round; nothing where it was never opened."""
    from dagster_project.servers import dagster_home_of

    home = dagster_home_of(shop, os.environ)
    if home is None:
        return lambda _: None
    from dagster_project.runless import reporter

    return reporter(shop, home)


@contextmanager
def _progress() -> Iterator[Progress]:
    """Show the step at hand in one line; on a screen only."""
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("starting") as line:
        last_step = ""

        def tell(step: str, detail: str, number: int, count: int) -> None:
            nonlocal last_step
            if not console.is_terminal and step != last_step:
                console.print(f"{step}: {detail}", highlight=False)
            last_step = step
            part = f" {number} of {count}" if count else ""
            line.update(f"{step}{part}: {detail}")

        yield tell


def _require_paths_for(source: str | None, paths: list[str] | None) -> None:
    if source is not None and not paths:
        raise typer.BadParameter(
            f"name the folder of the {source} export", param_hint="PATHS"
        )


def main() -> None:
    """Run the command line; what a user can mend is said in words, without a trace."""
    telemetry.switch_off(os.environ)
    try:
        app(prog_name="postorder")
    except KeyboardInterrupt:
        sys.stderr.write("stopped; what was published before still stands\n")
        sys.exit(FAILURE)
    except Exception as error:
        if not _is_readable(error):
            raise
        sys.stderr.write(f"{error}\n")
        sys.exit(FAILURE)


def _is_readable(error: Exception) -> bool:
    """Whether an error is one of ours, worded for the user, or the database's."""
    import duckdb

    is_ours = type(error).__module__.split(".")[0] in ("dagster_project", "ingestion")
    return is_ours or isinstance(error, duckdb.Error | OSError)


if __name__ == "__main__":
    main()
