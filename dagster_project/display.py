"""Writes results for people and for other programs; decides nothing."""

from __future__ import annotations

import csv
import json
import math
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagster_project import gate, headline, published
from dagster_project.headline import Figure
from dagster_project.published import Version
from ingestion.shop import Shop

if TYPE_CHECKING:
    from dagster_project.alerts.notify import Told
    from dagster_project.audiences import AudienceExport
    from dagster_project.build import BuildReport
    from dagster_project.canary import Canary
    from dagster_project.order_story import Record
    from dagster_project.quality.validate import ValidationReport
    from dagster_project.run import RunReport
    from dagster_project.watch import Round
    from ingestion.conform.report import Conformity
    from ingestion.landing import Landing, Replay
    from ingestion.privacy.erasing import Erased
    from ingestion.simulator import Simulation

# A table printed to a file or a pipe is as wide as it needs to be.
PIPED_WIDTH = 10_000
SHOWN_NAMES = 8
SHOWN_LANDINGS = 10

LANDED = """
    select
        count(*),
        coalesce(sum(delivered), 0),
        coalesce(sum(accepted), 0),
        coalesce(sum(duplicates), 0),
        coalesce(sum(conflicts), 0),
        coalesce(sum(rejected), 0)
    from marts.landings
"""

FRESHNESS = """
    select source, count(*), max(occurred_at), max(ingested_at)
    from marts.events
    group by source
    order by source
"""

LAST_LANDINGS = """
    select landed_at, landed_file, delivered, accepted, duplicates, conflicts, rejected
    from marts.landings
    order by landed_at desc, landed_file
    limit $shown
"""

OLDEST_REJECTED = """
    select rejected_at, landed_file, line_number, reason_code
    from marts.rejected_events
    where replayed_at is null
    order by rejected_at, landed_file, line_number
    limit 1
"""

REJECTED = """
    select reason_code, count(*), any_value(reason order by landed_file, line_number)
    from marts.rejected_events
    group by reason_code
    order by count(*) desc, reason_code
"""


def run_report(shop: Shop, report: RunReport) -> None:
    """Print how a run ended: the headline figures, where they are, what to do next."""
    out = _out()
    if report.landing is not None:
        landing(report.landing)
    build_report(report.build, schema="marts")
    validation(report.validation)
    with published.connect(report.version) as connection:
        out.print(_figures(headline.figures(connection)))
    if report.was_known:
        out.print("Nothing has changed since this version was published.")
    version(report.version)
    postorder = _postorder(shop)
    out.print("\nNext:")
    for command, meaning in (
        ("dashboard", "open the pages"),
        ("status", "freshness, totals, what was rejected and why"),
        ('sql "select * from marts.fct_orders limit 5"', "ask anything"),
        ("dagster", "lineage, schedule and runs"),
    ):
        out.print(Text(f"  {postorder} {command}").append(f"   {meaning}", style="dim"))


def landing(landed: Landing) -> None:
    """Print what became of the lines of a landing."""
    files = landed.files
    known = [file for file in files if file.is_known]
    new = [file for file in files if not file.is_known]
    text = (
        f"Landed {_count(len(new), 'file')}: "
        f"{sum(file.delivered for file in new):,} lines, "
        f"{sum(file.stored for file in new):,} stored, "
        f"{sum(file.repeats for file in new):,} repeats, "
        f"{sum(file.rejected for file in new):,} rejected"
    )
    if known:
        text += f"; {_count(len(known), 'file')} known already"
    _out().print(text)
    for file in new:
        if file.fault is not None:
            _out().print(f"  {file.fault}", markup=False, soft_wrap=True)


def replay(replayed: Replay) -> None:
    """Print what became of rejected lines judged again."""
    if not replayed.waiting:
        _out().print("No rejected line waits to be replayed.")
        return
    _out().print(
        f"Judged {replayed.judged:,} of {_count(replayed.waiting, 'rejected line')} "
        f"again: {replayed.accepted:,} accepted now"
    )
    gone = replayed.waiting - replayed.judged
    if gone:
        _out().print(f"  the text of {gone:,} is no longer kept; send them again")


def erased(done: Erased) -> None:
    """Print what was erased of a subject, and what is left for the user to erase."""
    out = _out()
    out.print(f"Forgotten: {_count(done.lines, 'landed line')} erased")
    for layer, files in done.rewritten.items():
        if files:
            out.print(f"  {layer}: {_count(files, 'file')} rewritten or removed")
    kept = [*done.landed_files, *done.left]
    if kept:
        out.print("Not touched, for they are yours; erase the subject there too:")
        for name in kept:
            out.print(f"  {name}", markup=False, highlight=False)
    out.print("`postorder run` builds the figures anew without them.")


def certificate(verdict: str, page: Path, data: Path) -> None:
    """Print what a certificate proves and where it stands."""
    out = _out()
    out.print(verdict, markup=False)
    out.print(f"Page:  {page}\nJSON:  {data}", markup=False, highlight=False)


def audience(done: AudienceExport) -> None:
    """Print what was handed out, and what was not."""
    out = _out()
    out.print(
        f"{_count(done.rows, 'row')} written; {done.held_out:,} held out to compare, "
        f"{done.left_out:,} left out for want of consent",
        markup=False,
    )
    out.print(f"File:     {done.path}", markup=False)
    out.print(
        f"Recorded: {done.export_id} for {done.exported_by}, of version "
        f"{done.version.name}",
        markup=False,
    )


def alerts(told: Told) -> None:
    """Print what is open, who was told what, and what could not be judged."""
    out = _out()
    out.print(
        f"{_count(len(told.open), 'alert')} open" if told.open else "No alert is open."
    )
    for alert in told.open:
        name = (
            alert.rule if alert.segment == "all" else f"{alert.rule}, {alert.segment}"
        )
        out.print(
            f"  {alert.severity}  {name}: {alert.message}", markup=False, soft_wrap=True
        )
    if not told.deliveries:
        out.print("Everybody knows: nothing to send.")
    for each in told.deliveries:
        notice = each.notice
        trouble = f": {each.says}" if each.says else ""
        out.print(
            f"{each.fate.value} to {notice.channel}{trouble} [{notice.news.value}: "
            f"{notice.alert.rule}, {notice.alert.segment}]",
            markup=False,
            soft_wrap=True,
        )
    if told.trouble:
        out.print(told.trouble, markup=False, soft_wrap=True)
    unjudged = [each for each in told.findings if each.reason]
    if unjudged:
        out.print("Not judged:")
    for finding in unjudged:
        out.print(
            f"  {finding.rule.name}, {finding.segment}: {finding.reason}",
            markup=False,
            soft_wrap=True,
        )


def canaries(found: Sequence[Canary]) -> None:
    """Print where planted orders have come to, the last first."""
    out = _out()
    if not found:
        out.print("No order was planted here yet; `postorder canary` plants one.")
    for each in reversed(found):
        says = ", ".join(each.leaked or each.missing)
        if each.seconds is not None:
            says = f"published {each.seconds:.1f} s after it had landed"
        out.print(
            f"{each.order_id}  {each.state}{f': {says}' if says else ''}",
            markup=False,
            soft_wrap=True,
        )


def digest_sent(title: str, sent: Mapping[str, str]) -> None:
    """Print which channels took the weekly letter."""
    for channel, trouble in sent.items():
        _out().print(
            f"{title}: {'failed' if trouble else 'sent'} to {channel}"
            + (f": {trouble}" if trouble else ""),
            markup=False,
        )


def conformity(answer: Conformity, page: Path, data: Path) -> None:
    """Print whether a dump would do, what to mend first, and where the rest stands."""
    from ingestion.conform.page import first_steps, lacking

    out = _out()
    out.print(answer.verdict, markup=False)
    for file in answer.files:
        if file.fault is not None:
            out.print(f"  {file.file}: {file.fault}", markup=False)
    steps = first_steps(answer)
    if steps:
        out.print("\nFirst:")
        for step in steps:
            out.print(f"  {step}", markup=False)
    names = [*answer.unmapped_events, *answer.unmapped_keys]
    near = [each for each in names if each.nearest is not None][:SHOWN_NAMES]
    if near:
        rows = [(each.name, each.lines, each.nearest) for each in near]
        out.print(_table("Names of yours", ("name", "lines", "nearest known"), rows))
    unfed = [table for table in answer.tables if not table.is_fed]
    if unfed:
        gaps = [(each.table, each.answers, lacking(each, answer)) for each in unfed]
        out.print(_table("Not fed", ("table", "it answers", "lacking"), gaps))
    out.print(f"\nThe whole answer: {page} and {data}", markup=False, soft_wrap=True)


def simulation(
    simulated: Simulation,
    folder: Path,
    *,
    scenario: str = "everyday",
    truth: Path | None = None,
) -> None:
    """Print what was simulated, and what should become visible in it."""
    from ingestion.simulator import SCENARIOS

    lines = sum(simulated.lines.values())
    out = _out()
    out.print(
        f"Simulated {_count(simulated.orders, 'order')}: {lines:,} lines in "
        f"{_count(len(simulated.files), 'file')} under {folder}"
    )
    if truth:
        out.print(f"What really happened: {truth}")
    out.print(f"{scenario}: {SCENARIOS[scenario].shows}")


def scenarios() -> None:
    """Print each scenario with what should become visible in it, and where."""
    from ingestion.simulator import SCENARIOS

    for name, each in SCENARIOS.items():
        _out().print(f"{name}: {each.shows}\n")


def build_report(report: BuildReport, *, schema: str | None = None) -> None:
    """Print the clock of a build and how much each increment wrote.

    Args:
        report: What the build did.
        schema: Only name the models in it.
    """
    out = _out()
    build = report.build
    reason = build.full_refresh_reason
    kind = f"in full: {reason}" if reason else "as an increment"
    if report.was_known:
        kind = "before: nothing has changed since"
    out.print(f"Built on {_instant(build.as_of)}, {kind}")
    for each in report.rewritten:
        if schema not in (None, each.schema):
            continue
        share = f"{each.rows / each.total:.1%}" if each.total else "0%"
        out.print(f"  {each.model}: {each.rows:,} of {each.total:,} rows ({share})")


def validation(report: ValidationReport) -> None:
    """Print that a build passed, and what it was warned of."""
    unjudged = f", {report.unjudged} had too little to judge" if report.unjudged else ""
    _out().print(f"Validated: {report.held} expectations hold{unjudged}")
    if report.warnings:
        told = gate.describe_warnings(report.verdict)
        _out().print(told, markup=False, soft_wrap=True)


def version(shown: Version) -> None:
    """Print where a version's files are."""
    out = _out()
    out.print(f"Published {shown.name}, as of {_instant(shown.as_of)}")
    out.print(Text(f"  database  {shown.path}"), soft_wrap=True)
    if shown.parquet is not None:
        out.print(Text(f"  parquet   {shown.parquet}"), soft_wrap=True)
    if shown.accepted is not None:
        accepted = shown.accepted
        out.print(
            f"  accepted {_instant(accepted.accepted_at)} though "
            f"{_count(len(accepted.failures), 'expectation')} had not held: "
            f"{accepted.reason}",
            markup=False,
            soft_wrap=True,
        )
        for failure in accepted.failures:
            out.print(f"    {failure}", markup=False, soft_wrap=True)


def watched(done: Round) -> None:
    """Print what became of a watcher's round, in a line where it published."""
    out = _out()
    took = ", ".join(f"{step} {took:.1f} s" for step, took in done.seconds.items())
    head = f"{_instant(done.began_at)}  {_count(done.files, 'file')}"
    if done.report is None:
        out.print(f"{head}: failed after {took}; the last published version stays")
        error = done.error
        if error is not None:
            out.print(f"{error}" or repr(error), markup=False, soft_wrap=True)
        return
    landed = done.report.landing
    lines = sum(file.delivered for file in landed.files) if landed else 0
    what = "nothing new in" if done.report.was_known else "published"
    name = done.report.version.name
    out.print(f"{head}, {lines:,} lines: {what} {name}; {took}", soft_wrap=True)


def status(shop: Shop, *, now: datetime) -> None:
    """Print what readers see now, and why it may be old."""
    out = _out()
    verdict = gate.last_verdict(shop.working)
    try:
        shown, connection = published.connect_current(shop.published)
    except published.NothingPublishedError:
        if verdict is not None and not verdict.passed:
            out.print(gate.describe(verdict), markup=False, soft_wrap=True)
        raise
    with connection:
        version(shown)
        out.print(
            f"  published {_instant(shown.published_at)}, "
            f"{_age(now - shown.published_at)} ago; its clock is "
            f"{_age(now - shown.as_of)} old"
        )
        totals = (
            "files",
            "delivered",
            "accepted",
            "duplicates",
            "conflicts",
            "rejected",
        )
        out.print(_table("Landed lines", totals, connection.execute(LANDED).fetchall()))
        names = ["landed", "file", *totals[1:]]
        last = connection.execute(LAST_LANDINGS, {"shown": SHOWN_LANDINGS}).fetchall()
        out.print(_table("Last landings, per file", names, last))
        rows = [
            (source, events, occurred, ingested, _age(shown.as_of - ingested))
            for source, events, occurred, ingested in connection.execute(
                FRESHNESS
            ).fetchall()
        ]
        names = ["source", "events", "last occurred", "last ingested", "age at clock"]
        out.print(_table("Freshness by source", names, rows))
        rejected = connection.execute(REJECTED).fetchall()
        if rejected:
            names = ["reason", "lines", "for example"]
            out.print(_table("Rejected lines", names, rejected))
            for at, file, line, reason in connection.execute(
                OLDEST_REJECTED
            ).fetchall():
                out.print(
                    f"The oldest that waits: {file} line {line}, {reason}, "
                    f"{_instant(at)}",
                    markup=False,
                    soft_wrap=True,
                )
        else:
            out.print("No line was rejected.")
    if verdict is None:
        out.print("No build was validated here yet.")
    elif verdict.passed:
        out.print(f"The last validation passed, {_instant(verdict.judged_at)}.")
    elif shown.accepted is not None and shown.published_at >= verdict.judged_at:
        out.print("The last validation failed, and its build was accepted, see above.")
    else:
        out.print(
            f"The last {gate.describe(verdict)}\n"
            f"  judged {_instant(verdict.judged_at)}, build as of "
            f"{_instant(verdict.as_of)}",
            markup=False,
            soft_wrap=True,
        )
    if verdict is not None and verdict.warnings:
        out.print(gate.describe_warnings(verdict), markup=False, soft_wrap=True)


def query(connection: duckdb.DuckDBPyConnection, sql: str, kind: str) -> None:
    """Run a query and print its rows.

    Args:
        connection: Of a published version.
        sql: What to ask.
        kind: ``table``, ``csv`` or ``json``.
    """
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.description or []]
    rows = cursor.fetchall()
    if kind == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_plain(value) for value in row] for row in rows)
    elif kind == "json":
        records = [
            {name: _json(value) for name, value in zip(names, row, strict=True)}
            for row in rows
        ]
        sys.stdout.write(json.dumps(records, indent=2, ensure_ascii=False) + "\n")
    else:
        out = _out()
        out.print(_table(None, names, rows))
        out.print(_count(len(rows), "row"), style="dim")


def order(story: Record, kind: str) -> None:
    """Print one order's story.

    Args:
        story: What `order_story` returned.
        kind: ``json``, all of it; ``table``, what is known and how it came to it.
    """
    if kind == "json":
        sys.stdout.write(json.dumps(_json(story), indent=2, ensure_ascii=False) + "\n")
        return
    out = _out()
    out.print(f"Order {story['order_id']}, as of {_instant(story['as_of'])}")
    for name, found in story.items():
        rows = [found] if isinstance(found, dict) else found
        if name == "timeline" or not isinstance(rows, list) or not rows:
            continue
        out.print(f"\n{name.replace('_', ' ')}", style="bold")
        for row in rows:
            out.print("  " + ", ".join(_said(row)), soft_wrap=True)
    events = [(_instant(e["occurred_at"]), e["detail"]) for e in story["timeline"]]
    out.print(_table("timeline", ("at", "what happened"), events))


def subject(said: Record, kind: str) -> None:
    """Print what is held of a subject.

    Args:
        said: What `subject.answer` returned.
        kind: ``json``, all of it; ``table``, how much of what, and where from.
    """
    if kind == "json":
        sys.stdout.write(json.dumps(_json(said), indent=2, ensure_ascii=False) + "\n")
        return
    out = _out()
    out.print(f"Customer {said['customer_id']}, told by {', '.join(said['sources'])}")
    held = [
        (each["lines"], each["purpose"], each["legal_basis"])
        for each in said["purposes"]
    ]
    out.print(_table("held for", ("lines", "purpose", "legal basis"), held))
    for name, rows in said.items():
        if name in ("sources", "purposes") or not isinstance(rows, list) or not rows:
            continue
        out.print(f"\n{name.replace('_', ' ')}", style="bold")
        for row in rows:
            out.print("  " + ", ".join(_said(row)), soft_wrap=True, markup=False)
    if said["quarantined_lines"]:
        kept = _count(said["quarantined_lines"], "rejected line")
        out.print(f"\n{kept} kept in full in quarantine")
    shown = [(len(rows), table) for table, rows in said["published"].items()]
    out.print(_table("published", ("rows", "table"), shown))


def _said(row: Record) -> list[str]:
    """Write the columns of a row that say something, its order's id left out."""
    return [
        f"{name} {_cell(value)}"
        for name, value in row.items()
        if value is not None
        and value is not False
        and name not in ("order_id", "story_id", "address_hash")
    ]


def _figures(figures: Sequence[Figure]) -> Table:
    """Lay the headline figures out."""
    rows = [(each.label, _figure(each), each.note) for each in figures]
    table = _table(None, ("figure", "value", "population and maturity"), rows)
    table.columns[1].justify = "right"
    return table


def _figure(figure: Figure) -> str:
    """Write a figure with its unit."""
    value = figure.value
    if value is None:
        return "not reached" if figure.unit == "hours" else "unknown"
    if isinstance(value, str):
        return value
    if figure.unit == "share":
        return f"{value:.2%}"
    if figure.unit == "hours":
        return f"{value:,.1f} h"
    return f"{value:,}"


def _table(
    title: str | None, names: Sequence[str], rows: Iterable[Sequence[object]]
) -> Table:
    """Lay rows out."""
    table = Table(title=title, title_justify="left")
    for name in names:
        table.add_column(Text(name), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    return table


def _cell(value: object) -> str:
    """Write a value for people."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.6g}"
    if isinstance(value, datetime) and value.tzinfo is not None:
        return _instant(value)
    return str(_plain(value))


def _plain(value: object) -> object:
    """Write a value for other programs: empty for NULL, ISO for times."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(_json(value), ensure_ascii=False)
    return value


def _json(value: Any) -> Any:
    """Turn a value into what JSON knows; amounts become numbers of the same digits."""
    if isinstance(value, dict):
        return {str(name): _json(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_json(each) for each in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)


def _instant(value: datetime) -> str:
    """Write an instant to the second, UTC."""
    return f"{value:%Y-%m-%d %H:%M:%S} UTC"


def _age(age: timedelta) -> str:
    """Write a length of time in its two largest units."""
    minutes = max(int(age.total_seconds() // 60), 0)
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def _count(count: int, noun: str) -> str:
    """Write a number of things."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _postorder(shop: Shop) -> str:
    """Return how to call the command line from here, for the same shop."""
    command = "postorder"
    if shutil.which(command) is None:
        own = Path(sys.executable).with_name(command)
        here = Path.cwd()
        command = str(own.relative_to(here) if own.is_relative_to(here) else own)
    if shop.folder == Shop.from_environment({}).folder:
        return command
    return f"POSTORDER_DATA={shop.folder} {command}"


def _out() -> Console:
    """Return the console on standard output."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    return console
