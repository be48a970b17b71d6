"""The page of faults says what the faults say, and each fault has a check there is."""

from __future__ import annotations

from tests.gate.faults import FAULTS
from tests.gate.page import PAGE, text


def test_the_committed_page_is_what_the_faults_write():
    assert PAGE.read_text(encoding="utf-8") == text(), "run `make docs`"


def test_there_are_faults_enough_and_each_is_another():
    assert len(FAULTS) >= 25
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
