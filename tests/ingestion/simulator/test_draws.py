"""Random numbers: equal everywhere, and independent of the block."""

from __future__ import annotations

import numpy as np
import pytest

from ingestion.simulator.draws import Draws, Mix, Quantiles


def test_known_words_never_change() -> None:
    # the very numbers: a library that changed them would change every sample
    words = Draws(seed=1, first=0, count=3).words("pay/method")
    assert words.tolist() == [
        15724674067963598910,
        11841561815035104170,
        8472043117692771349,
    ]


def test_a_block_reads_its_part_of_the_stream() -> None:
    whole = Draws(seed=5, first=0, count=100).uniform("a stream")
    part = Draws(seed=5, first=40, count=20).uniform("a stream")
    assert np.array_equal(part, whole[40:60])


def test_a_block_starts_on_a_multiple_of_four() -> None:
    with pytest.raises(ValueError, match="multiple of 4"):
        Draws(seed=5, first=6, count=4).words("a stream")


def test_streams_and_seeds_differ() -> None:
    words = Draws(seed=5, first=0, count=50).words("one")
    assert not np.isin(Draws(seed=5, first=0, count=50).words("two"), words).any()
    assert not np.isin(Draws(seed=6, first=0, count=50).words("one"), words).any()


def test_quantiles_are_linear_between_knots() -> None:
    table = Quantiles(((0, 10), (0.5, 20), (1, 100)))
    found = table.at(np.array([0.0, 0.25, 0.5, 0.75]))
    assert found.tolist() == [10, 15, 20, 60]


def test_a_mix_follows_its_weights() -> None:
    mix = Mix((("a", 1), ("b", 3)))
    codes = mix.codes(np.array([0.0, 0.2499, 0.25, 0.9999]))
    assert [mix.labels[code] for code in codes] == ["a", "a", "b", "b"]
