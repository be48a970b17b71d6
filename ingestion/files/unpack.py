"""A file's bytes, unpacked, in blocks of whole lines."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa

from ingestion.files.limits import Limits

BLOCK_BYTES: Final = 8 * 1024 * 1024
_PIECE_BYTES: Final = 64 * 1024
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


def whole_lines(
    path: Path, compression: str | None, limits: Limits
) -> Generator[bytes]:
    r"""Read blocks of about 8 MiB that end where a line ends.

    A line longer than the limit ends its block early, cut but still above the limit;
    its rest is passed over. At a break the begun line is left out.

    Raises:
        OSError: The file breaks off here, is damaged, or unpacks to too much.
    """
    begun, is_too_large = b"", False
    for block in _blocks(path, compression, limits):
        start = 0
        if is_too_large:
            start = block.find(b"\n") + 1
            if not start:
                continue
            is_too_large = False
        end = block.rfind(b"\n") + 1
        if end > start:
            yield begun + block[start:end]
            begun = b""
        begun += block[max(start, end) :]
        if len(begun) > limits.line_bytes:
            yield begun
            begun, is_too_large = b"", True
    if begun:
        yield begun


def _blocks(path: Path, compression: str | None, limits: Limits) -> Iterator[bytes]:
    """Gather pieces into blocks, also those before a break."""
    pieces = (
        _plain(path) if compression is None else _unpacked(path, compression, limits)
    )
    broken: OSError | None = None
    is_first = is_more = True
    while is_more:
        held, size = [], 0
        try:
            while size < BLOCK_BYTES and (is_more := bool(piece := next(pieces, b""))):
                held.append(piece)
                size += len(piece)
        except OSError as error:
            broken, is_more = error, False
        block = b"".join(held)
        yield block.removeprefix(_BYTE_ORDER_MARK) if is_first else block
        is_first = False
    if broken is not None:
        raise broken


def _plain(path: Path) -> Iterator[bytes]:
    with path.open("rb") as handle:
        while block := handle.read(BLOCK_BYTES):
            yield block


def _unpacked(path: Path, compression: str, limits: Limits) -> Iterator[bytes]:
    with _opened(path, compression) as (packed, stream):
        read = 0
        while True:
            try:
                piece = stream.read(_PIECE_BYTES)
            except OSError:
                if rest := _before_break(path, compression, read):
                    yield rest
                raise
            if not piece:
                return
            read += len(piece)
            limits.check_expansion(packed.tell(), read)
            yield piece


def _before_break(path: Path, compression: str, start: int) -> bytes:
    """Read byte by byte: a read that meets the break returns nothing of its own."""
    found = bytearray()
    with _opened(path, compression) as (_, stream), contextlib.suppress(OSError):
        while start:
            start -= len(stream.read(min(start, _PIECE_BYTES)))
        while byte := stream.read(1):
            found += byte
    return bytes(found)


@contextlib.contextmanager
def _opened(
    path: Path, compression: str
) -> Iterator[tuple[pa.NativeFile, pa.NativeFile]]:
    with (
        pa.OSFile(str(path)) as packed,
        pa.CompressedInputStream(packed, compression) as stream,
    ):
        yield packed, stream
