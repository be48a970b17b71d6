"""Lines of JSON, plain and packed: what is a line, and what of it may be read."""

from __future__ import annotations

import random
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.files import Limits, find_files, read_lines
from ingestion.files.split import kept
from ingestion.files.unpack import BLOCK_BYTES
from tests.ingestion.files.conftest import PACKED


def line(number, length=60):
    return b'{"n":%d,"x":"%s"}' % (
        number,
        random.Random(number).randbytes(length).hex().encode(),
    )


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_lines_keep_their_physical_number(tmp_path, read, ending):
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b"\xef\xbb\xbf"
        + ending.join(
            [b'{"a":1}', b"", b" \t\x0b", "\u3000".encode(), b"x", b'{"b":2}']
        )
    )
    found, fault = read(path)
    assert fault is None
    assert [(number, text.rstrip("\r")) for number, text, _ in found] == [
        (1, '{"a":1}'),
        (5, "x"),
        (6, '{"b":2}'),
    ]


@pytest.mark.parametrize("name", ["a.jsonl", "a.NDJSON", "a.json"])
def test_an_empty_file_has_no_lines(tmp_path, read, name):
    (tmp_path / name).write_bytes(b"")
    assert read(tmp_path / name) == ([], None)


@pytest.mark.parametrize("packed", ["", *PACKED])
def test_blocks_break_no_line(tmp_path, read, packed):
    lines = [line(n, 500) for n in range(3 * BLOCK_BYTES // 1000)]
    path = tmp_path / f"a.jsonl{packed}"
    path.write_bytes(PACKED.get(packed, bytes)(b"\n".join(lines)))
    found, fault = read(path)
    assert fault is None
    assert found == [(n, text.decode(), None) for n, text in enumerate(lines, 1)]


@pytest.mark.parametrize("packed", PACKED)
def test_packed_files_may_be_joined(tmp_path, read, packed):
    path = tmp_path / f"a.jsonl{packed}"
    pack = PACKED[packed]
    path.write_bytes(pack(b'{"a":1}\n{"b"') + pack(b":2}\n") + pack(b""))
    assert read(path) == ([(1, '{"a":1}', None), (2, '{"b":2}', None)], None)


@pytest.mark.parametrize("cut", [1, 9, 0.5])
@pytest.mark.parametrize("packed", PACKED)
def test_every_whole_line_before_a_break_is_read(tmp_path, read, packed, cut):
    lines = [line(n) for n in range(5000)]
    # frames of their own, so that what must come out is known for zstd as well
    parts = [PACKED[packed](text + b"\n") for text in lines]
    whole = b"".join(parts)
    size = int(len(whole) * cut) if cut < 1 else len(whole) - cut
    path = tmp_path / f"a.jsonl{packed}"
    path.write_bytes(whole[:size])
    found, fault = read(path)
    assert fault == "Truncated compressed stream"
    done = sum(len(part) for part in parts[: len(found)])
    # the sum at the end of a gzip member may be missing when its line is whole
    assert abs(size - done) < 2 * len(parts[0])
    assert [text for _, text, _ in found] == [t.decode() for t in lines[: len(found)]]


def test_damage_in_the_middle_is_told(tmp_path, read):
    packed = bytearray(PACKED[".gz"](b"\n".join(line(n) for n in range(5000))))
    packed[len(packed) // 2] ^= 0xFF
    (tmp_path / "a.jsonl.gz").write_bytes(packed)
    found, fault = read(tmp_path / "a.jsonl.gz")
    assert "zlib inflate failed" in fault
    assert found[0] == (1, line(0).decode(), None)


@pytest.mark.parametrize("packed", PACKED)
def test_a_file_that_is_not_packed_says_so(tmp_path, read, packed):
    path = tmp_path / f"a.jsonl{packed}"
    path.write_bytes(b'{"a":1}\n' * 10)
    found, fault = read(path)
    assert found == []
    assert "failed" in fault


def test_lines_that_are_no_text_carry_a_fault_and_stop_no_other(tmp_path, read):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a":1}\n{"b":"\xff\xe9"}\n{"c":"a\0b"}\n\0\n{"d":"\xc3\xa9"}')
    assert read(path)[0] == [
        (1, '{"a":1}', None),
        (2, '{"b":"\\xff\\xe9"}', "text_invalid"),
        (3, '{"c":"a\\x00b"}', "text_invalid"),
        (4, "\\x00", "text_invalid"),
        (5, '{"d":"é"}', None),
    ]


@pytest.mark.parametrize(
    "faulty",
    [b'{"x":"\xed\xa0\x80"}', b'{"x":"\xc0\x80"}', b'{"x":"\xf5\x80\x80\x80"}'],
)
def test_surrogates_overlong_and_beyond_unicode_are_no_text(tmp_path, read, faulty):
    (tmp_path / "a.jsonl").write_bytes(faulty)
    ((_, _, fault),) = read(tmp_path / "a.jsonl")[0]
    assert fault == "text_invalid"


@pytest.mark.parametrize("size", [101, 5000, BLOCK_BYTES * 2 + 7])
@pytest.mark.parametrize("last", [b"", b'\n{"b":2}', b'\n{"b":2}\n'])
def test_a_line_too_large_is_cut_and_the_next_read(tmp_path, read, size, last):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a":1}\n' + b"{" * size + last)
    found, fault = read(path, limits=Limits(line_bytes=100, kept_bytes=20))
    assert fault is None
    assert found[:2] == [(1, '{"a":1}', None), (2, "{" * 20, "line_too_large")]
    assert found[2:] == ([(3, '{"b":2}', None)] if last else [])


def test_the_longest_line_is_read(tmp_path, read):
    text = '{"x":"' + "a" * 92 + '"}'
    (tmp_path / "a.jsonl").write_text(text)
    assert read(tmp_path / "a.jsonl", limits=Limits(line_bytes=100))[0] == [
        (1, text, None)
    ]


def test_what_is_kept_of_a_line_stays_within_its_bound(tmp_path, read):
    (tmp_path / "a.jsonl").write_bytes(
        b"\xff" * 1000 + b"\n" + "é".encode() * 1000 + b"\0"
    )
    found, _ = read(tmp_path / "a.jsonl", limits=Limits(kept_bytes=21))
    assert [(text, fault) for _, text, fault in found] == [
        ("\\xff" * 5 + "\\", "text_invalid"),
        # the cut in the middle of a letter is no text either
        ("é" * 10 + "\\", "text_invalid"),
    ]


def test_one_endless_line_takes_little_memory(tmp_path, catalogue):
    path = tmp_path / "a.jsonl"
    with path.open("wb") as handle:
        for _ in range(20):
            handle.write(b"{" * BLOCK_BYTES)
    (file,) = find_files([path])
    tracemalloc.start()
    lines = list(read_lines(file, catalogue, limit=10))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [len(part.texts[0].as_py()) for part in lines] == [Limits().kept_bytes]
    # the line up to its limit, one block more, and as much again while both are joined
    assert peak < 2 * (Limits().line_bytes + 2 * BLOCK_BYTES)


@pytest.mark.parametrize("packed", PACKED)
def test_a_bomb_stops_early_and_what_came_before_is_read(tmp_path, read, packed):
    path = tmp_path / f"a.jsonl{packed}"
    path.write_bytes(
        PACKED[packed](b'{"a":1}\n') + PACKED[packed](b" " * (40 * BLOCK_BYTES))
    )
    limits = Limits(free_bytes=BLOCK_BYTES)
    found, fault = read(path, limits=limits)
    assert found[0] == (1, '{"a":1}', None)
    assert "unpacks to more than 200 times its size" in fault
    assert "POSTORDER_MAX_EXPANSION" in fault
    assert read(path, limits=Limits(free_bytes=BLOCK_BYTES, expansion=10**6))[1] is None


def test_a_short_file_of_few_words_is_no_bomb(tmp_path, read):
    text = b"".join(b'{"event_name":"heartbeat"}\n' for _ in range(300_000))
    (tmp_path / "a.jsonl.zst").write_bytes(PACKED[".zst"](text))
    assert (tmp_path / "a.jsonl.zst").stat().st_size * 200 < len(text)
    found, fault = read(tmp_path / "a.jsonl.zst", limit=10**6)
    assert (len(found), fault) == (300_000, None)


PIECES = [
    b"{",
    b"}",
    b"\n",
    b"\n",
    b" ",
    b"\r",
    b"\0",
    b"\xff",
    "é".encode(),
    b"\xef\xbb\xbf",
]


def expected(text, limits):
    """Say the rules once more, slowly: what is a line, and what of it may be read."""
    rows = text.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    for number, row in enumerate(rows, 1):
        fault = None
        if len(row) > limits.line_bytes:
            fault = "line_too_large"
        elif b"\0" in row or row.decode(errors="replace").encode() != row:
            fault = "text_invalid"
        text = row.decode() if fault is None else kept(row, limits)
        if text.strip():
            yield number, text, fault


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    pieces=st.lists(st.sampled_from(PIECES), max_size=60),
    block_bytes=st.integers(3, 40),
    line_bytes=st.integers(5, 20),
    limit=st.integers(1, 5),
    packed=st.sampled_from(["", *PACKED]),
)
def test_any_text_reads_the_same_in_any_blocks(
    tmp_path, read, pieces, block_bytes, line_bytes, limit, packed
):
    text = b"".join(pieces)
    path = tmp_path / f"a.jsonl{packed}"
    path.write_bytes(PACKED.get(packed, bytes)(text))
    limits = Limits(line_bytes=line_bytes, kept_bytes=5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingestion.files.unpack.BLOCK_BYTES", block_bytes)
        patch.setattr("ingestion.files.unpack._PIECE_BYTES", block_bytes)
        found, fault = read(path, limit=limit, limits=limits)
    assert fault is None
    assert found == list(expected(text, limits))
