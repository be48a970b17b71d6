"""The page of what was judged: all of it, offline, and free of who was forgotten."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from dagster_project import gate
from dagster_project.build import BuildError
from dagster_project.forget_files import erase_from_files
from dagster_project.gate import Failure, GateError
from dagster_project.model_docs import write_model_docs
from dagster_project.quality.docs import write_docs
from dagster_project.quality.suite import SUITES, load_suites
from dagster_project.quality.validate import validate
from ingestion.landing.forgotten import MASKED


class Elements(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.fixture
def page(shop, build_by_hand):
    """A build whose orders lie in the future, judged by two suites."""
    build_by_hand(
        shop,
        changes="update marts.fct_orders set placed_at = '2026-04-01'",
        passed=False,
    )
    judging = [
        each
        for each in load_suites(SUITES)
        if each.name in ("fct_orders", "fct_order_lines")
    ]
    validate(shop, suites=judging)
    return write_docs(shop)


def test_every_expectation_is_on_the_page_and_failures_with_their_rows(shop, page):
    text = page.read_text(encoding="utf-8")
    verdict = gate.last_verdict(shop.working)
    assert len(verdict.judged) > len(verdict.failures) == 1
    for each in verdict.judged:
        assert each.says in text
        assert f"{each.measure}, {each.column}" in text
    assert "<td>o-0</td>" in text
    assert text.count("<details open>") == 1


def test_the_page_asks_nothing_of_any_network(page):
    text = page.read_text(encoding="utf-8")
    elements = Elements(text).found
    assert elements
    assert not [
        tag for tag, _ in elements if tag in ("script", "link", "img", "iframe")
    ]
    assert not [attrs for _, attrs in elements if {"src", "href"} & set(attrs)]
    assert not re.search(r"url\(|@import|https?:", text)


def test_values_of_a_feed_are_text_on_the_page(shop, page):
    verdict = gate.last_verdict(shop.working)
    odd = Failure("t", "m", "e", "c", "Says.", "<b>", ({"id": "<script>x</script>"},))
    gate.record(shop.working, replace(verdict, failures=(odd,)))
    text = write_docs(shop).read_text(encoding="utf-8")
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_who_is_forgotten_is_masked_on_the_page(shop, page):
    class Named:
        def name_in(self, text):
            return {"o-0"} & set(re.findall(r"o-[0-9]+", text))

    erase_from_files(shop, Named())
    text = page.read_text(encoding="utf-8")
    assert "<td>o-0</td>" not in text
    assert MASKED in text


def test_without_a_verdict_there_is_no_page(shop):
    shop.folder.mkdir(parents=True)
    with pytest.raises(GateError, match="postorder validate"):
        write_docs(shop)


@pytest.mark.deep
def test_the_models_have_a_page_that_asks_nothing_of_any_network(shop, build_by_hand):
    build_by_hand(shop)
    page = write_model_docs(shop)

    text = page.read_text(encoding="utf-8")
    assert '"model.postorder.fct_orders"' in text
    assert '"send_anonymous_usage_stats": false' in text
    for tag, attributes in Elements(text).found:
        for where in ("src", "href"):
            assert not (attributes.get(where) or "").startswith(("http", "//")), tag


def test_models_of_nothing_are_no_page(shop):
    with pytest.raises(BuildError, match="nothing has been built"):
        write_model_docs(shop)
    assert not shop.working.exists()
