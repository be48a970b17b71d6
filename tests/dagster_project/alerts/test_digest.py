"""The weekly letter: its answers by hand, its escapes, its look in a browser."""

from __future__ import annotations

import re
import shutil
from datetime import timedelta

import pytest

from dagster_project.alerts import letter
from dagster_project.alerts.digest import DigestError, digest_of
from dagster_project.gate import Failure, Verdict
from tests.dagster_project.alerts.shop import AS_OF, NOW, database, version

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def written(*changes, verdict=None, now=NOW):
    with database(*changes) as connection:
        return digest_of(version(), connection, verdict, now)


def answers(*changes):
    return [section.answer for section in written(*changes).sections]


def test_each_question_is_answered_first_with_the_change_since_last_week():
    """2 after 5; 1,500.50 after 1,000; off by 4 and by 3 of three compared."""
    assert answers() == [
        "2 orders are stuck, 3 orders less than the week before. 1 more is slow.",
        "INR 1,500.50 is pending, INR 500.50 more than the week before; "
        "USD 0 is left pending, USD 20 less than the week before.",
        "No: counts were off by 7 units on 2 of 3 shelves, as in the week before.",
    ]


def test_an_empty_week_has_answers_too():
    nothing = (
        "delete from marts.weekly_sweep where question = 'pending_money'",
        "update marts.weekly_sweep set value = 0, previous_value = null",
        "delete from marts.stuck_orders",
        "update marts.stock_truth set drift = 0 where drift is not null",
    )
    assert answers(*nothing) == [
        "0 orders are stuck (the week before is not known).",
        "No money is pending.",
        "Yes: 3 shelves held what was expected (the week before is not known).",
    ]
    never_counted = "update marts.stock_truth set drift = null"
    assert answers(never_counted)[2] == "Nobody can tell: no shelf was counted twice."


def test_a_version_without_a_sweep_says_so():
    with pytest.raises(DigestError, match="has no weekly sweep"):
        written("delete from marts.weekly_sweep")


def test_the_letter_says_how_fresh_it_is():
    assert written().fresh == (
        "Fresh: their clock stood 1.0 hours before this was written. "
        "Silent, so not all is known: stripe:main."
    )
    failure = Failure("t", "m", "e", "c", "says", "observed")
    late = written(
        "update marts.missing_events set is_silent = false",
        verdict=Verdict("b", AS_OF, AS_OF, (failure,)),
        now=AS_OF + timedelta(days=3),
    )
    assert late.fresh == (
        "These figures are old: their clock stood 3.0 days before this was written. "
        "A newer build was held back: 1 expectation did not hold."
    )
    assert late.as_of == "31 March 2026, 18:00 (Asia/Kolkata)"


def test_the_text_is_read_without_a_browser():
    text = letter.text_of(written())
    assert text.startswith("Week of 30 March 2026\nAs of 31 March 2026, 18:00")
    assert (
        "Order      Stage             Owner      In it for  Promised for\n"
        "<b>o1</b>  payment           payments    8.3 days  20 March 2026\n"
        "o2         out for delivery  logistics   2.5 days  -\n"
    ) in text


def test_the_evidence_is_worked_out_by_hand():
    """Counted at 20:00 UTC on the 28th, which is the 29th in the store."""
    owners, _, kinds, _, shelves, drifted = [
        table.rows for section in written().sections for table in section.tables
    ]
    assert owners == (
        ("logistics", "1", "0", "2.5 days"),
        ("payments", "1", "0", "8.3 days"),
        ("warehouse", "0", "1", "-"),
    )
    assert kinds == (
        ("refund owed", "1", "INR 1,000", "3.0 days"),
        ("overpaid", "1", "INR 500.50", "12.0 hours"),
    )
    assert [units for _, units in shelves] == ["3", "4", "2", "0", "4"]
    assert drifted == (
        ("MUG-1", "BLR-1", "10", "6", "-4", "29 March 2026"),
        ("TEE-M", "BLR-1", "10", "13", "+3", "29 March 2026"),
    )


def test_the_page_shows_data_as_it_is_and_calls_nobody():
    page = letter.html_of(written())
    assert "&lt;b&gt;o1&lt;/b&gt;" in page
    assert "<b>" not in page
    assert re.findall(r"<script|<link|<img|src=|href=|url\(|https?:", page) == []


def test_a_message_carries_both_and_the_answers():
    message = letter.message_of(written(), NOW)
    assert message.subject == (
        "Week of 30 March 2026: 2 orders are stuck, 3 orders less than the week "
        "before. 1 more is slow."
    )
    assert (message.text, message.html) == (
        letter.text_of(written()),
        letter.html_of(written()),
    )
    assert list(message.facts["answers"].values()) == answers()


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")
@pytest.mark.parametrize("width", [390, 1000])
def test_the_page_fits_a_phone_and_a_desk(tmp_path, width):
    playwright = pytest.importorskip("playwright.sync_api")
    path = tmp_path / "digest.html"
    path.write_text(letter.html_of(written()), encoding="utf-8")
    asked: list[str] = []
    complaints: list[str] = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": width, "height": 800})
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(path.as_uri())
        assert page.locator("h2").all_inner_texts() == [
            "What is stuck?",
            "Whose money is pending?",
            "Does the stock still tell the truth?",
        ]
        assert page.get_by_text("<b>o1</b>", exact=True).is_visible()
        too_wide = page.evaluate(
            "document.documentElement.scrollWidth"
            " - document.documentElement.clientWidth"
        )
        browser.close()
    assert (asked, complaints, too_wide) == ([path.as_uri()], [], 0)
