"""Columns of facts, and text made of them without a loop over rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.simulator.draws import Flags

Text: TypeAlias = pa.Array
Fields: TypeAlias = dict[str, Any]
"""Arguments that several facts share."""

Column: TypeAlias = str | bool | int | npt.NDArray[np.generic] | Text


def text(values: npt.NDArray[np.generic] | Sequence[object]) -> Text:
    """Write numbers as text, one per row."""
    return pc.cast(pa.array(values), pa.string())


def joined(*parts: str | Text) -> Text:
    """Join text row by row; a missing part makes the row missing."""
    return pc.binary_join_element_wise(
        *[pa.scalar(part) if isinstance(part, str) else part for part in parts], ""
    )


def labels(codes: npt.NDArray[np.integer], names: Sequence[str]) -> Text:
    """Return the name of each code; a negative code is a missing name."""
    return pa.array(list(names), pa.string()).take(
        pa.array(codes, mask=np.asarray(codes) < 0)
    )


@dataclass(frozen=True)
class Raw:
    """A column of JSON text."""

    column: Text


@dataclass(frozen=True)
class Partly:
    """A column that only some rows carry."""

    column: Column | Raw
    present: Flags
