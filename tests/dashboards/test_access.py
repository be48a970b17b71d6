"""Who may see what: the list, the token, both levels on every view, and open pages."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from dagster_project import cli, servers
from dagster_project.personal import published_columns
from dagster_project.published import Version
from dashboards.access import login, naming
from dashboards.access.decision import ExpiredError, RefusedError, decide
from dashboards.access.people import (
    AccessListError,
    Level,
    path_of_list,
    read_people,
)
from dashboards.queries.verdict import RECORD
from tests.dashboards.small_shop import APP, answer_of, open_page, page_of, text_of

NOW = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
LIST = "email,level\nvera@example.com,viewer\nsam@example.com,sensitive\n"

# the small shop's ids of orders, payments, parcels, customers and what belongs to them
NAMES = re.compile(r"(?i)\b(ORD|PAY|SHP|CUS|customer|RET|REF|CLM|TCK)-\w*\d")

VIEWS = sorted(set(re.findall(r"views/\w+\.py", APP.read_text(encoding="utf-8"))))
SENSITIVE = {"views/order.py", "views/customer.py", "views/lists.py"}


@pytest.fixture
def with_login(
    version: Version, monkeypatch: pytest.MonkeyPatch, published_folder: Path
) -> Path:
    """A login is set up for the small shop; returns the list of its readers."""
    monkeypatch.setattr(login, "find_spec", lambda name: object())
    people = published_folder.with_name("access.csv")
    people.write_text(LIST)
    return people


def enter(
    email: object, view: str = "views/today.py", *, minutes: float = 60, **address: str
) -> AppTest:
    """Open a page as somebody whose token ends in some minutes."""
    page = page_of(view, **address)
    page.secrets = {"auth": {"client_id": "postorder"}}
    ends = datetime.now(UTC) + timedelta(minutes=minutes)
    page.user = {"is_logged_in": True, "email": email, "exp": ends.timestamp()}
    return page.run()


def all_of(page: AppTest) -> str:
    """Return every word of a page, tables, charts and links included."""
    tables = [table.value.to_csv() for table in page.dataframe]
    return "\n".join([text_of(page), *tables, *(str(e.proto) for e in page.main)])


def is_shown(page: AppTest, view: str) -> bool:
    """Tell whether a page is that view, and not Today or what stands in its place."""
    title = page.title[0].value
    is_today = title == "What needs a person now?"
    return title != "Who may see this?" and is_today == (view == "views/today.py")


@pytest.mark.usefixtures("with_login")
@pytest.mark.parametrize("view", VIEWS)
def test_a_viewer_sees_figures_and_nobody_named(view: str) -> None:
    page = enter(
        "vera@example.com",
        view,
        order_id="ORD-009",
        customer_id="customer-ORD-009",
        search="ORD-009",
        of="orders",
    )

    assert not page.exception
    assert not page.error
    assert answer_of(page)
    assert is_shown(page, view) == (view not in SENSITIVE)
    assert (page.title[0].value == "Who may see this?") == (view in SENSITIVE)
    assert not NAMES.search(all_of(page))


@pytest.mark.usefixtures("with_login")
@pytest.mark.parametrize(
    "view",
    # without a login a reader is a sensitive one, and other tests open every view
    [
        pytest.param(view, marks=() if view in SENSITIVE else pytest.mark.deep)
        for view in VIEWS
    ],
)
def test_a_sensitive_reader_sees_every_view(view: str) -> None:
    page = enter("sam@example.com", view, order_id="ORD-009", of="orders")

    assert not page.exception
    assert not page.error
    assert answer_of(page)
    assert is_shown(page, view)


@pytest.mark.usefixtures("with_login")
def test_a_sensitive_reader_sees_who_it_is() -> None:
    """What the viewer's test looks for is there to be found."""
    for view in ("views/orders.py", "views/pending.py", "views/today.py"):
        assert NAMES.search(all_of(enter("sam@example.com", view))), view


@pytest.mark.usefixtures("with_login")
def test_a_viewer_chooses_among_rows_that_name_nobody() -> None:
    page = enter("vera@example.com", "views/rows.py")
    offered = page.selectbox(key="of").options

    assert "days of a metric" in offered
    assert "orders" not in offered
    for name in ("orders", "rejected", "review_asks"):
        there = enter("vera@example.com", "views/rows.py", of=name)
        assert answer_of(there).startswith("Choose a set of rows"), name
    assert enter("vera@example.com", "views/rows.py", of="daily").dataframe


def test_rows_of_a_failed_check_are_for_sensitive_readers(with_login: Path) -> None:
    found = {
        "as_of": NOW.isoformat(),
        "judged_at": NOW.isoformat(),
        "failures": [
            {
                "table": "marts.fct_orders",
                "says": "amounts add up",
                "observed": "3 to 4",
                "owner": "finance",
                "rows": [{"order_id": "ORD-009", "amount": 3}],
            }
        ],
        "warnings": [],
        "judged": [
            {
                "suite": "fct_orders",
                "table": "marts.fct_orders",
                "measure": "amounts",
                "column": "amount",
                "says": "amounts add up",
                "severity": "blocking",
                "owner": "finance",
                "observed": "3 to 4",
                "held": False,
            }
        ],
    }
    with_login.with_name(RECORD).write_text(json.dumps(found))
    view = "views/checks.py"

    seen = enter("sam@example.com", view)
    assert answer_of(seen) == (
        "No: 0 of 1 expectation held; 1 keeps the build from being published."
    )
    assert "ORD-009" in all_of(seen)
    unseen = enter("vera@example.com", view)
    assert not unseen.exception
    assert "ORD-009" not in all_of(unseen)
    assert "1 row shows it, for readers with the level *sensitive*" in text_of(unseen)


def test_what_names_somebody_is_what_the_classes_say() -> None:
    """``segment`` names somebody in one table and is shares of all in the others."""
    said = {each.name for each in published_columns() if each.pii == "pseudonymous"}

    assert said - {"segment"} == naming.NAMING
    assert SENSITIVE == naming.NAMING_VIEWS


@pytest.mark.usefixtures("with_login")
@pytest.mark.parametrize("minutes", [-0.1, -600])
def test_a_token_whose_time_is_over_shows_nothing(minutes: float) -> None:
    page = enter("sam@example.com", "views/orders.py", minutes=minutes)

    assert page.title[0].value == "Who are you?"
    assert "time of this login is over. Log in again" in text_of(page)
    assert not NAMES.search(all_of(page))


@pytest.mark.usefixtures("with_login")
def test_a_token_ends_while_the_page_is_open() -> None:
    page = enter("sam@example.com", "views/orders.py")
    assert page.dataframe

    page.user["exp"] = datetime.now(UTC).timestamp()
    page.run()
    assert page.title[0].value == "Who are you?"
    assert not page.dataframe


@pytest.mark.usefixtures("with_login")
def test_nobody_is_shown_anything_before_they_log_in() -> None:
    page = page_of("views/orders.py")
    page.secrets = {"auth": {"client_id": "postorder"}}
    page.user = {"is_logged_in": False}
    page.run()

    assert [button.label for button in page.button] == ["Log in"]
    assert not page.dataframe
    assert not NAMES.search(all_of(page))


@pytest.mark.usefixtures("with_login")
def test_taking_somebody_off_the_list_is_seen_at_once(with_login: Path) -> None:
    page = enter("sam@example.com")
    assert not page.error

    with_login.write_text(LIST.replace("sam@", "sad@"))
    page.run()
    assert "You are not on the list" in page.error[0].value
    assert not NAMES.search(all_of(page))


HOSTILE = [
    "eve@example.com",
    "",
    None,
    7,
    ["sam@example.com"],
    "sam@example.com ",
    " sam@example.com",
    "sam@example.com\n",
    "sam@example.com,sensitive",
    "sam@example.com\x00",
    "sam@example.com.evil.test",
    "\u017fam@example.com",
    "sam@example\u200b.com",
    "SAM@EXAMPLE.COM\u202e",
    "email",
    "*",
    "%",
    "' or '1'='1",
    "<script>alert(1)</script>@example.com",
]


@pytest.mark.parametrize("email", HOSTILE)
def test_only_the_very_e_mail_is_let_in(tmp_path: Path, email: object) -> None:
    people = tmp_path / "access.csv"
    people.write_text(LIST)
    claims = {"email": email, "exp": NOW.timestamp() + 60}

    with pytest.raises(RefusedError):
        decide(claims, read_people(people), NOW)


@pytest.mark.usefixtures("with_login")
def test_a_hostile_e_mail_is_refused_in_words() -> None:
    page = enter("<script>alert(1)</script>' or 1=1 --@example.com")

    assert not page.exception
    assert "You are not on the list" in page.error[0].value
    assert "script" not in all_of(page)


@pytest.mark.parametrize(
    "email", ["sam@example.com", "Sam@Example.com", "SAM@EXAMPLE.COM"]
)
def test_letter_case_does_not_matter(tmp_path: Path, email: str) -> None:
    people = tmp_path / "access.csv"
    people.write_text("Email, Level\n# finance\n\nSAM@example.COM , Sensitive\n")
    claims = {"email": email, "exp": NOW.timestamp() + 60}

    assert decide(claims, read_people(people), NOW).level is Level.SENSITIVE


@pytest.mark.parametrize(
    "ends", [None, "tomorrow", True, float("nan"), float("inf"), 1e40, -1, 0]
)
def test_a_token_that_does_not_say_when_it_ends_is_over(ends: object) -> None:
    people = {"sam@example.com": Level.SENSITIVE}

    with pytest.raises(ExpiredError):
        decide({"email": "sam@example.com", "exp": ends}, people, NOW)


@pytest.mark.parametrize("verified", [False, "false", None, 0])
def test_an_e_mail_that_nobody_verified_is_refused(verified: object) -> None:
    claims = {
        "email": "sam@example.com",
        "email_verified": verified,
        "exp": NOW.timestamp() + 60,
    }

    with pytest.raises(RefusedError, match="not verified"):
        decide(claims, {"sam@example.com": Level.SENSITIVE}, NOW)
    claims["email_verified"] = "true"
    assert decide(claims, {"sam@example.com": Level.SENSITIVE}, NOW).email


WRONG = {
    "": "is empty",
    "# nobody yet\n": "is empty",
    "sam@example.com,sensitive\n": "line 1 is no header; write 'email,level'",
    "email,level\nsam@example.com\n": "line 2 has not two cells",
    "email,level\n\nsam@example.com,admin\n": "line 3 has no level: 'admin'; "
    "write viewer or sensitive",
    "email,level\nsam,viewer\n": "line 2 has no e-mail: 'sam'",
    "email,level\na@b@c,viewer\n": "line 2 has no e-mail",
    'email,level\n"sam@example.com,viewer\n': "line 2 is no line of CSV",
    f"{LIST}SAM@EXAMPLE.COM,viewer\n": "line 4 names 'sam@example.com' again",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_list_lets_nobody_in_and_says_where(tmp_path: Path, text: str) -> None:
    people = tmp_path / "access.csv"
    people.write_text(text)

    with pytest.raises(AccessListError) as raised:
        read_people(people)
    assert str(raised.value).startswith(str(people))
    assert WRONG[text] in str(raised.value)


def test_an_unreadable_list_lets_nobody_in(with_login: Path) -> None:
    for break_it in (
        with_login.unlink,
        with_login.mkdir,
        lambda: (with_login.rmdir(), with_login.write_bytes(b"email,level\n\xff\xfe")),
        lambda: with_login.write_text("email,level\nsam@example.com,all\n"),
    ):
        break_it()
        page = enter("sam@example.com", "views/orders.py")
        assert not page.exception
        assert "Nobody is let in" in page.error[0].value
        assert str(with_login) in page.code[0].value
        assert not page.dataframe


def test_the_list_stands_where_the_environment_says(
    with_login: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert path_of_list() == with_login
    monkeypatch.setenv("POSTORDER_ACCESS", str(tmp_path / "readers.csv"))

    assert path_of_list() == tmp_path / "readers.csv"


@pytest.mark.usefixtures("version")
def test_without_a_login_the_pages_say_that_they_are_open() -> None:
    assert "Open to whoever uses this machine" in text_of(open_page())


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", None, "shop.test"])
def test_without_a_login_other_machines_are_shown_nothing(host: str | None) -> None:
    before = st.get_option("server.address")
    st.config.set_option("server.address", host)
    try:
        page = open_page("views/orders.py")
    finally:
        st.config.set_option("server.address", before)

    assert "open to other machines and no login is set up" in page.error[0].value
    assert not page.dataframe


@pytest.mark.usefixtures("version")
def test_a_login_without_its_library_lets_nobody_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(login, "find_spec", lambda name: None)
    page = enter("sam@example.com")

    assert "install `streamlit[auth]`" in page.error[0].value
    assert len(page.main) == 1


@pytest.mark.usefixtures("version")
def test_secrets_that_cannot_be_read_are_no_open_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text("[auth\n")
    monkeypatch.setattr(st, "secrets", st.runtime.secrets.Secrets())
    before = st.get_option("secrets.files")
    st.config.set_option("secrets.files", [str(secrets)])
    try:
        page = open_page("views/orders.py")
    finally:
        st.config.set_option("secrets.files", before)

    assert f"The secrets in {secrets} cannot be read" in page.error[0].value
    assert not page.dataframe


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have been served."""
    commands: list[list[str]] = []

    def serve(command: list[str]) -> int:
        commands.append(command)
        return 0

    monkeypatch.setattr(servers, "serve", serve)
    return commands


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.4"])
def test_the_command_line_opens_nothing_to_others_without_a_login(
    host: str, served: list[list[str]]
) -> None:
    refused = CliRunner().invoke(cli.app, ["dashboard", "--host", host])

    assert refused.exit_code == 2
    # told in a box of its own width
    said = " ".join(re.sub(r"[^\w ]", " ", refused.output.replace("\n", "")).split())
    assert "no login is set up" in said
    assert served == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_this_machine_needs_no_login(host: str, served: list[list[str]]) -> None:
    assert CliRunner().invoke(cli.app, ["dashboard", "--host", host]).exit_code == 0
    assert host in served[0]


def test_with_a_login_others_are_served(
    served: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('[auth]\nclient_id = "postorder"\n')
    monkeypatch.setattr(st, "secrets", st.runtime.secrets.Secrets())
    before = st.get_option("secrets.files")
    st.config.set_option("secrets.files", [str(secrets)])
    try:
        opened = CliRunner().invoke(cli.app, ["dashboard", "--host", "0.0.0.0"])
    finally:
        st.config.set_option("secrets.files", before)

    assert opened.exit_code == 0
    assert "0.0.0.0" in served[0]
