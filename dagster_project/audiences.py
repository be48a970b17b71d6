"""Hands audiences to those who write to customers, and notes what was handed to whom.

Rows come from the published database. Consent is looked at once more at the moment of
the export: who has withdrawn it or asked for erasure since the version was built, and
whose word has landed but is in no version yet, is left out.
"""

from __future__ import annotations

import csv
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project import builds
from dagster_project.published import Version, connect_current
from ingestion.lock import hold
from ingestion.shop import Shop

# What a spreadsheet takes for the beginning of a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

FORMATS = ("csv", "parquet")


@dataclass(frozen=True)
class Audience:
    """A published list of whom to write to.

    Attributes:
        table: Its name in ``marts``, and of the experiment its holdout is drawn for.
        purpose: What its customers must have consented to.
        thing: Column of what a customer is listed for, once per customer and sku.
    """

    table: str
    purpose: str
    thing: str


AUDIENCES = (
    Audience("audience_reorder_due", "reorder_reminders", thing="last_order_id"),
    Audience("audience_review_due", "review_requests", thing="order_line_id"),
)


class ExportError(Exception):
    """The audience cannot be exported."""


@dataclass(frozen=True)
class AudienceExport:
    """What was handed out.

    Attributes:
        export_id: Names it in ``marts.audience_exports``.
        path: The file.
        rows: Rows in it.
        held_out: Listed rows of customers who are held out.
        left_out: Listed rows whose consent has ended since.
        version: The version it was read from.
        exported_by: Who asked for it.
    """

    export_id: str
    path: Path
    rows: int
    held_out: int
    left_out: int
    version: Version
    exported_by: str


def export(
    shop: Shop,
    audience: Audience,
    out: Path,
    *,
    format: str,
    exported_by: str,
    with_holdouts: bool = False,
    now: datetime | None = None,
) -> AudienceExport:
    """Write an audience to a file and note who asked for it, when, and who is listed.

    Those held out are noted and left out of the file unless asked for: whoever sends
    messages to all of its rows must not end the comparison. They are told apart by
    ``holdout_group``.

    Args:
        shop: Whose audience it is.
        audience: What to export.
        out: The file to write; replaced where it exists, by the whole of the new one.
        format: One of :data:`FORMATS`. Text in a csv that a spreadsheet would take for
            a formula begins with an apostrophe there.
        exported_by: Who asked for it.
        with_holdouts: Whether the file lists those held out too.
        now: The moment of the export, UTC.

    Raises:
        ExportError: The published version knows no such audience.
        NothingPublishedError: There is no version yet.
        ShopLockedError: The shop is being built; what is handed out could not be noted.
    """
    now = now or datetime.now(UTC)
    with hold(shop, "export"):
        version, published = connect_current(shop.published)
        with published, duckdb.connect(str(shop.working)) as working:
            working.execute(builds.SCHEMA)
            gone = _gone_since(working, version, audience)
            listed = _rows(published, audience, gone, now)
        standing = listed.filter(listed["may_be_written_to"]).drop("may_be_written_to")
        is_held_out = pa.compute.equal(standing["holdout_group"], "holdout")
        messaged = standing.filter(pa.compute.invert(is_held_out))
        written = standing if with_holdouts else messaged
        done = AudienceExport(
            export_id=uuid.uuid4().hex,
            path=out,
            rows=written.num_rows,
            held_out=standing.num_rows - messaged.num_rows,
            left_out=listed.num_rows - standing.num_rows,
            version=version,
            exported_by=exported_by,
        )
        out.parent.mkdir(parents=True, exist_ok=True)
        draft = out.with_name(f".{out.name}.making")
        try:
            _write(written, draft, format)
            # nobody can have used a file that is not noted
            _note(shop.working, done, audience, standing, format, now)
            draft.replace(out)
        finally:
            draft.unlink(missing_ok=True)
    return done


def defused(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _rows(
    published: duckdb.DuckDBPyConnection,
    audience: Audience,
    gone: Sequence[str],
    now: datetime,
) -> pa.Table:
    """Return an audience's rows, and which of them may still be written to."""
    try:
        found = published.sql(
            f"""
            select
                audience.*,
                audience.customer_id in (
                    select customer_id
                    from marts.fct_consents
                    where purpose = $purpose
                        and is_given
                        and valid_from <= $now
                        and coalesce(valid_to > $now, true)
                ) and not list_contains($gone, audience.customer_id)
                    as may_be_written_to
            from marts.{audience.table} as audience
            order by all
            """,
            params={"purpose": audience.purpose, "now": now, "gone": list(gone)},
        )
    except duckdb.CatalogException as error:
        raise ExportError(
            f"the published version has no {audience.table}; `postorder run` builds it"
        ) from error
    return found.to_arrow_table()


def _gone_since(
    working: duckdb.DuckDBPyConnection, version: Version, audience: Audience
) -> list[str]:
    """Return who has taken consent back in what landed after a version was built.

    Nothing that would give consent is looked at: that takes a build and its rules.
    """
    found = working.execute(
        """
        select distinct coalesce(events.customer_id, orders.customer_id)
        from raw.order_events as events
        left join raw.order_events as orders
            on events.order_id = orders.order_id
            and orders.event_name = 'order_placed'
        where events.landing_seq > (
            select coalesce(max(landing_seq), 0)
            from control.builds
            where status = 'complete' and as_of = $as_of
        )
            and (
                events.event_name = 'subject_erasure_requested'
                or (
                    events.event_name = 'consent_withdrawn'
                    and events.consent_purpose = $purpose
                )
            )
            and coalesce(events.customer_id, orders.customer_id) is not null
        """,
        {"as_of": version.as_of, "purpose": audience.purpose},
    )
    return [customer_id for (customer_id,) in found.fetchall()]


def _write(rows: pa.Table, path: Path, format: str) -> None:
    if format == "parquet":
        pq.write_table(rows, path)
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        # of line ends within a cell only those of the line's own end are quoted
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(rows.column_names)
        for row in rows.to_pylist():
            writer.writerow([_cell(value) for value in row.values()])


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return defused(value) if isinstance(value, str) else value


def _note(
    working: Path,
    done: AudienceExport,
    audience: Audience,
    listed: pa.Table,
    format: str,
    now: datetime,
) -> None:
    """Keep the export, and who was listed in which arm, for the models."""
    members = pa.table(
        {
            "customer_id": listed["customer_id"],
            "sku": listed["sku"],
            "thing_id": listed[audience.thing],
            "holdout_group": listed["holdout_group"],
        }
    )
    with duckdb.connect(str(working)) as connection:
        connection.execute("begin")
        connection.execute(
            """
            insert into control.audience_exports values (
                $export_id, $audience, $format, $version, $exported_by, $row_count,
                $held_out, $left_out, $as_of, $now
            )
            """,
            {
                "export_id": done.export_id,
                "audience": audience.table,
                "format": format,
                "version": done.version.name,
                "exported_by": done.exported_by,
                "row_count": done.rows,
                "held_out": done.held_out,
                "left_out": done.left_out,
                "as_of": done.version.as_of,
                "now": now,
            },
        ).fetchall()
        connection.register("members", members)
        connection.execute(
            """
            insert into control.audience_members by name
            select $export_id as export_id, * from members
            """,
            {"export_id": done.export_id},
        ).fetchall()
        connection.unregister("members")
        connection.execute("commit")
