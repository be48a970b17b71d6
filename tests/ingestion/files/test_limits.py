"""The bounds a user may move."""

from __future__ import annotations

import pytest

from ingestion.errors import LandingError
from ingestion.files import Limits


def test_the_environment_moves_the_expansion():
    assert Limits.from_environment({}) == Limits()
    assert Limits.from_environment({"POSTORDER_MAX_EXPANSION": "5"}).expansion == 5


@pytest.mark.parametrize("said", ["0", "-1", "1.5", "many"])
def test_an_expansion_that_is_no_number_is_refused(said):
    with pytest.raises(LandingError, match="POSTORDER_MAX_EXPANSION"):
        Limits.from_environment({"POSTORDER_MAX_EXPANSION": said})
