"""A small published shop, written as the publisher writes it, and pages over it."""

from __future__ import annotations

import json
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import duckdb
from streamlit.testing.v1 import AppTest

from dagster_project import published
from dagster_project.published import Version
from tests.dashboards.promised import complete

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
APP = ROOT / "dashboards" / "app.py"
SHOP = HERE / "published.sql"
MORE = HERE / "published_more.sql"

AS_OF = datetime(2026, 3, 31, 12, 30, tzinfo=UTC)
STORE_ZONE = "Asia/Kolkata"

# A page takes a second of a quiet core. Beside a large build it has taken more than a
# minute; what takes twice that hangs.
PAGE_SECONDS = 120


@lru_cache(maxsize=1)
def small_shop() -> Path:
    """Make the small shop's database once; each version is a copy of it."""
    database = Path(tempfile.mkdtemp(prefix="small-shop-")) / published.DATABASE
    with duckdb.connect(str(database)) as connection:
        connection.execute(SHOP.read_text(encoding="utf-8"))
        complete(connection)
        connection.execute(MORE.read_text(encoding="utf-8"))
    return database


def publish(
    folder: Path,
    name: str,
    *statements: str,
    as_of: datetime = AS_OF,
    published_at: datetime | None = None,
) -> Version:
    """Write one version of the small shop and point readers at it.

    Args:
        folder: The published folder.
        name: Name of the version.
        statements: SQL run after the shop is made, to change it.
        as_of: The version's clock.
        published_at: When it was published, by default half an hour ago.
    """
    version = folder / published.VERSIONS / name
    version.mkdir(parents=True)
    shutil.copy(small_shop(), version / published.DATABASE)
    with duckdb.connect(str(version / published.DATABASE)) as connection:
        for statement in statements:
            connection.execute(statement)
    at = published_at or datetime.now(UTC) - timedelta(minutes=30)
    described = {
        "as_of": as_of.isoformat(),
        "published_at": at.isoformat(),
        "rows": {},
        "store_timezone": STORE_ZONE,
        "summary": {},
        "digest": name,
    }
    (version / published.DESCRIPTION).write_text(json.dumps(described))
    point_to(folder, name)
    return published.read_version(version)


def point_to(folder: Path, name: str) -> None:
    """Swap the pointer to a version, as one step."""
    draft = folder / "current.draft"
    draft.write_text(json.dumps({"version": name}))
    draft.replace(folder / published.POINTER)


def open_page(path: str = "views/today.py", **address: str | list[str]) -> AppTest:
    """Open one page of the app, with what stands behind ``?`` in its address."""
    return page_of(path, **address).run()


def page_of(path: str, **address: str | list[str]) -> AppTest:
    """Return one page of the app that has not run yet."""
    app = AppTest.from_file(str(APP), default_timeout=PAGE_SECONDS)
    if path != "views/today.py":
        app.switch_page(path)
    for name, value in address.items():
        app.query_params[name] = value
    return app


def answer_of(app: AppTest) -> str:
    """Return the first line of a page, which answers its title."""
    return next(
        text.value.removeprefix("## ")
        for text in app.markdown
        if text.value.startswith("## ")
    )


def text_of(app: AppTest) -> str:
    """Return the words of a page, links and metrics included, one line an element."""
    lines = []
    for element in app.main:
        words = getattr(element, "value", None)
        label = getattr(element.proto, "label", "")
        lines += [text for text in (label, words) if isinstance(text, str) and text]
    return "\n".join(lines)
