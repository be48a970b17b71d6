"""Blocks of whole lines as Arrow strings; what is no text is kept apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.files.event_file import Lines
from ingestion.files.limits import Limits

TOO_LARGE = "line_too_large"
NO_TEXT = "text_invalid"


def split(blocks: Iterable[bytes], limits: Limits) -> Iterator[Lines]:
    """Split blocks at their line feeds and number the lines from 1."""
    first = 1
    for block in blocks:
        rows = _rows(block)
        numbers = pa.array(np.arange(first, first + len(rows)))
        first += len(rows)
        texts, faults = _checked(rows, b"\0" in block, limits)
        is_said = _is_said(texts)
        if is_said is None:
            yield Lines(numbers, texts, faults)
        else:
            yield Lines(
                numbers.filter(is_said), texts.filter(is_said), faults.filter(is_said)
            )


def fault_of(row: bytes, limits: Limits) -> str | None:
    """Return the reason code of a line that must not be read, else None."""
    if len(row) > limits.line_bytes:
        return TOO_LARGE
    if b"\0" in row:
        return NO_TEXT
    try:
        row.decode()
    except UnicodeDecodeError:
        return NO_TEXT
    return None


def kept(row: bytes, limits: Limits) -> str:
    r"""Return what is kept of a line not read; bytes that are no text as ``\xff``."""
    text = row[: limits.kept_bytes].decode(errors="backslashreplace")
    text = text.replace("\0", "\\x00")
    return text.encode()[: limits.kept_bytes].decode(errors="ignore")


def _rows(block: bytes) -> pa.Array:
    end = len(block) - block.endswith(b"\n")
    whole = pa.Array.from_buffers(
        pa.binary(),
        1,
        [None, pa.py_buffer(np.array([0, end], np.int32)), pa.py_buffer(block)],
    )
    return pc.split_pattern(whole, b"\n").flatten()


def _checked(
    rows: pa.Array, has_nul: bool, limits: Limits
) -> tuple[pa.Array, pa.Array]:
    """Return texts and faults."""
    is_clean = not has_nul and (
        pc.max(pc.binary_length(rows)).as_py() <= limits.line_bytes
    )
    if is_clean:
        try:
            return rows.cast(pa.string()), pa.nulls(len(rows), pa.string())
        except pa.ArrowInvalid:
            pass
    # one by one, but only in a block that holds such a line
    lines = rows.to_pylist()
    faults = [fault_of(line, limits) for line in lines]
    texts = [
        line.decode() if fault is None else kept(line, limits)
        for line, fault in zip(lines, faults, strict=True)
    ]
    return pa.array(texts, pa.string()), pa.array(faults, pa.string())


def _is_said(texts: pa.Array) -> pa.Array | None:
    """Tell blank lines apart; None where there is none, as in most blocks."""
    begins = pc.starts_with(texts, "{")
    if pc.all(begins).as_py():
        return None
    others = pc.if_else(begins, "", texts)
    return pc.or_(begins, pc.not_equal(pc.utf8_trim_whitespace(others), ""))
