"""Random numbers that are the same on every machine, whatever the block size.

Every named stream is a counter-based Philox sequence keyed by the seed and the
stream's name; row ``i`` of a stream depends on nothing else. Raw 64-bit integers
become uniforms by shift and scale, and uniforms become values through
piecewise-linear tables: only + - * /, so no math library can change a digit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

ROWS_PER_COUNTER = 4
"""Philox yields four words a step; a block starts on a multiple of this."""


def hours(*knots: tuple[float, float]) -> Quantiles:
    """Make a table of durations from (probability, hours) knots."""
    return Quantiles(tuple((share, value * 3600) for share, value in knots))


def minutes(*knots: tuple[float, float]) -> Quantiles:
    """Make a table of durations from (probability, minutes) knots."""
    return Quantiles(tuple((share, value * 60) for share, value in knots))


def days(*knots: tuple[float, float]) -> Quantiles:
    """Make a table of durations from (probability, days) knots."""
    return Quantiles(tuple((share, value * 86400) for share, value in knots))


def by_segment(
    tables: Sequence[Quantiles], segments: npt.NDArray[np.integer], uniforms: Floats
) -> Integers:
    """Read one table per segment: row ``i`` from ``tables[segments[i]]``."""
    values = np.zeros(len(uniforms), dtype=np.int64)
    for segment, table in enumerate(tables):
        rows = segments == segment
        values[rows] = table.whole(uniforms[rows])
    return values


@dataclass(frozen=True)
class Quantiles:
    """A distribution given by its quantiles, linear between the knots.

    Attributes:
        knots: (probability, value), from probability 0 to 1, both increasing.
    """

    knots: tuple[tuple[float, float], ...]

    def at(self, uniforms: Floats) -> Floats:
        """Return the value at each probability."""
        shares = np.array([share for share, _ in self.knots])
        values = np.array([value for _, value in self.knots])
        slopes = (values[1:] - values[:-1]) / (shares[1:] - shares[:-1])
        piece = np.searchsorted(shares[1:-1], uniforms, side="right")
        found: Floats = values[piece] + (uniforms - shares[piece]) * slopes[piece]
        return found

    def whole(self, uniforms: Floats) -> Integers:
        """Return the value at each probability, cut to a whole number."""
        return self.at(uniforms).astype(np.int64)


@dataclass(frozen=True)
class Mix:
    """A choice among labels with relative weights."""

    weights: tuple[tuple[str, float], ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of their codes."""
        return tuple(label for label, _ in self.weights)

    def codes(self, uniforms: Floats) -> Integers:
        """Return the position of the label chosen by each uniform."""
        bounds = np.cumsum([weight for _, weight in self.weights])
        return np.asarray(
            np.searchsorted(bounds[:-1], uniforms * bounds[-1], side="right"),
            dtype=np.int64,
        )


@dataclass(frozen=True)
class Draws:
    """The random numbers of rows ``first`` to ``first + count`` of every stream."""

    seed: int
    first: int
    count: int

    def words(self, stream: str) -> npt.NDArray[np.uint64]:
        """Return one raw 64-bit word per row of a stream.

        Raises:
            ValueError: ``first`` is not a multiple of four.
        """
        if self.first % ROWS_PER_COUNTER:
            raise ValueError(
                f"first row {self.first} is not a multiple of {ROWS_PER_COUNTER}"
            )
        name = int.from_bytes(hashlib.sha256(stream.encode()).digest()[:8], "little")
        generator = np.random.Philox(
            key=np.array([self.seed, name], dtype=np.uint64),
            counter=np.array(
                [self.first // ROWS_PER_COUNTER, 0, 0, 0], dtype=np.uint64
            ),
        )
        return generator.random_raw(self.count)

    def uniform(self, stream: str) -> Floats:
        """Return one number in [0, 1) per row of a stream."""
        return (self.words(stream) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def chance(self, stream: str, share: float | Floats) -> Flags:
        """Return whether each row falls within a share."""
        return self.uniform(stream) < share
