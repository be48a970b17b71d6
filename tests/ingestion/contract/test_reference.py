"""The pages and dbt's files say what the catalogue says, and link to what exists."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePosixPath

import pytest

from ingestion.contract.catalogue import load_catalogue
from ingestion.contract.reference.files import files

WRITTEN = files(load_catalogue())
BY_HAND = {
    "docs/faults.md",
    "docs/production.md",
    "docs/real_data.md",
    "docs/walks.md",
}
PAGES = {name: text for name, text in WRITTEN.items() if name.endswith(".md")}
PRIVATE = re.compile(
    r"""(?:^|[\s"'(`])(?:/|~/|[A-Z]:\\)[\w.-]+[/\\]   # a path of some machine
    |https?://|localhost|\b\d{1,3}(?:\.\d{1,3}){3}\b  # a host
    |[\w.+-]+@[\w-]+\.\w+                             # somebody's address
    |\b20\d\d-\d\d-\d\d\ \d\d:\d\d                    # when it was written
    """,
    re.VERBOSE,
)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_committed_file_is_what_the_catalogue_writes(root, name):
    committed = (root / name).read_text(encoding="utf-8")
    assert committed == WRITTEN[name], f"{name} is out of date; run `make docs`"


def test_no_page_is_left_over(root):
    pages = {path.relative_to(root).as_posix() for path in root.glob("docs/*.md")}
    assert pages - BY_HAND == set(PAGES)


def headings(text):
    return re.findall(r"^#+ (\S+)$", text, re.MULTILINE)


def lost_links(pages):
    """Links whose page or heading is not there."""
    return [
        (name, link)
        for name, text in pages.items()
        for link in re.findall(r"\]\(((?!\.\.)[^)]*)\)", text)
        if not reaches(pages, name, *link.partition("#")[::2])
    ]


def reaches(pages, name, page, heading):
    target = str(PurePosixPath(name).with_name(page)) if page else name
    return target in pages and (not heading or heading in headings(pages[target]))


def test_every_link_leads_somewhere():
    assert lost_links(PAGES) == []
    assert sum(text.count("](") for text in PAGES.values()) > 500


@pytest.mark.parametrize("planted", ["[x](#gone)", "[x](events.md#x)", "[x](y.md)"])
def test_a_link_that_leads_nowhere_is_seen(planted):
    pages = {**PAGES, "docs/fields.md": PAGES["docs/fields.md"] + planted}
    assert [name for name, _ in lost_links(pages)] == ["docs/fields.md"]


def test_no_two_headings_of_a_page_are_one_link():
    for name, text in PAGES.items():
        assert [h for h, n in Counter(headings(text)).items() if n > 1] == [], name


def test_nothing_is_left_out():
    catalogue = load_catalogue()
    first_cells = {
        name: re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)
        for name, text in PAGES.items()
    }
    events = headings(PAGES["docs/events.md"])
    assert set(events) == {*catalogue.events, *catalogue.groups}
    assert {*catalogue.fields, *catalogue.types} <= set(first_cells["docs/fields.md"])
    assert set(catalogue.taxonomies) <= set(headings(PAGES["docs/fields.md"]))
    assert first_cells["docs/rejections.md"] == list(catalogue.rejections)
    assert headings(PAGES["docs/stories.md"])[1:] == list(catalogue.state_machines)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (
            "payment_authorization_failed",
            [
                "Approval was refused or broke off.",
                "about: payment attempt (`payment_id`, `attempt_no`)",
                "owner: payments",
                "exception: high, for payments",
                "required: `order_id`, `payment_id`, `attempt_no`",
                "one fact per: `payment_id`, `attempt_no`",
                "also accepted as: `payment_authorisation_failed`",
            ],
        ),
        (
            "delivery_promise_revised",
            [
                "optional: ",
                "after: [delivery_promise_confirmed](#delivery_promise_confirmed)",
                "`reason_code` from: [promise_revision_reasons](fields.md#",
                "reads: `Promise moved from {previous_promise_max_at} to",
            ],
        ),
    ],
)
def test_a_page_says_all_of_an_event(name, parts):
    said = PAGES["docs/events.md"].split(f"\n### {name}\n")[1].split("\n### ")[0]
    assert [part for part in parts if part not in said] == []


@pytest.mark.parametrize("name", WRITTEN)
def test_nothing_tells_of_a_person_or_a_machine(name):
    assert PRIVATE.findall(WRITTEN[name]) == []


@pytest.mark.parametrize(
    "planted",
    [
        "see /home/ann/x.md",
        "`C:\\Users\\ann`",
        "http://10.0.0.1/",
        "ask ann@example.org",
        "written 2026-11-21 16:40",
    ],
)
def test_what_tells_of_a_person_or_a_machine_is_seen(planted):
    assert PRIVATE.search(f"| {planted} |")
