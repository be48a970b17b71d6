"""CSV and Parquet as lines of JSON."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.files import Limits
from ingestion.files.csv_rows import csv_lines
from tests.ingestion.files.conftest import PACKED


@pytest.fixture
def csv_of(tmp_path, read):
    def rows(text, packed="", **options):
        path = tmp_path / f"a.csv{packed}"
        path.write_bytes(PACKED.get(packed, bytes)(text))
        return read(path, **options)

    return rows


@pytest.fixture
def parquet_of(tmp_path, read):
    def rows(table, name="a.parquet", **options):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        pq.write_table(table, path, row_group_size=100)
        return read(path, **options)

    return rows


@pytest.mark.parametrize("packed", ["", *PACKED])
def test_cells_are_typed_as_the_catalogue_types_the_field(csv_of, packed):
    text = (
        b"\xef\xbb\xbforder_id,total_minor,is_guest,lines,x_note,weight_grams\r\n"
        b'007,1200,TRUE,"[{""sku"":""A""}]",5,1.5\r\n'
        b"8,12.5,maybe,none,,\r\n"
    )
    found, fault = csv_of(text, packed)
    assert fault is None
    assert found == [
        (
            2,
            '{"order_id":"007","total_minor":1200,"is_guest":true,'
            '"lines":[{"sku":"A"}],"x_note":"5","weight_grams":1.5}',
            None,
        ),
        (
            3,
            '{"order_id":"8","total_minor":"12.5","is_guest":"maybe","lines":"none"}',
            None,
        ),
    ]


def test_a_row_stands_under_the_line_it_ends_on(csv_of):
    found, _ = csv_of(b'order_id,x\n\n1,"a\nb"\n\n2,c\n', limit=1)
    assert [(number, json.loads(text)) for number, text, _ in found] == [
        (4, {"order_id": "1", "x": "a\nb"}),
        (6, {"order_id": "2", "x": "c"}),
    ]


def test_only_the_rows_that_make_no_sense_are_refused(csv_of):
    text = (
        b"order_id,x\n"
        b"1,one,too many\n"
        b'2,"quoted"badly\n'
        b"3,\xff\n"
        b"4,a\0b\n"
        b"5\n"
        b'6,"good, quoted"\n'
        b'7,"never closed\n'
        b"8,fine\n"
        b"9,fine\n"
    )
    found, fault = csv_of(text)
    assert fault is None
    assert found == [
        (2, "1,one,too many", None),
        (3, '2,"quoted"badly', None),
        (4, "3,\\xff", "text_invalid"),
        (5, "4,a\\x00b", "text_invalid"),
        (6, '{"order_id":"5"}', None),
        (7, '{"order_id":"6","x":"good, quoted"}', None),
        (8, '7,"never closed', None),
        (9, '{"order_id":"8","x":"fine"}', None),
        (10, '{"order_id":"9","x":"fine"}', None),
    ]


def test_a_row_too_large_is_cut_and_the_next_read(csv_of):
    text = b"order_id,x\n1," + b"a" * 500 + b'\n2,"' + b"b\n" * 300 + b"3,c\n"
    found, fault = csv_of(text, limits=Limits(line_bytes=400, kept_bytes=5))
    assert fault is None
    assert found[:2] == [(2, "1,aaa", "line_too_large"), (3, '2,"b', None)]
    assert found[2] == (4, '{"order_id":"b"}', None)
    assert found[-1] == (303, '{"order_id":"3","x":"c"}', None)
    assert len(found) == 302


def test_a_quote_never_closed_does_not_gather_the_file(catalogue):
    taken = []

    def blocks():
        yield b'order_id,x\n1,"open\n'
        for number in range(1000):
            taken.append(number)
            yield b"%d,x\n" % number * 10

    lines = csv_lines(blocks(), catalogue, limit=1, limits=Limits(line_bytes=400))
    assert next(lines).texts.to_pylist() == ['1,"open']
    # each line counts with what Python needs to hold it, which is 33 bytes more
    assert len(taken) <= 2


def test_a_cell_above_the_csv_modules_own_bound_is_read(csv_of):
    found, _ = csv_of(b"order_id,x\n1," + b"a" * 200_000 + b"\n")
    assert json.loads(found[0][1]) == {"order_id": "1", "x": "a" * 200_000}


def test_a_header_that_is_no_text_breaks_the_file(csv_of):
    assert csv_of(b"order_id,\xff\n1,2\n") == (
        [],
        "the header in line 1 is no CSV in UTF-8",
    )


@pytest.mark.parametrize("text", [b"", b"order_id,x\n", b"\n\n"])
def test_no_rows_are_no_lines(csv_of, text):
    assert csv_of(text) == ([], None)


def test_a_packed_csv_breaks_off_with_its_reason(tmp_path, read):
    whole = PACKED[".gz"](b"order_id\n" + b"".join(b"%d\n" % n for n in range(9999)))
    (tmp_path / "a.csv.gz").write_bytes(whole[: len(whole) // 2])
    found, fault = read(tmp_path / "a.csv.gz")
    assert fault == "Truncated compressed stream"
    assert found[0] == (2, '{"order_id":"0"}', None)


def test_typed_columns_become_json(parquet_of):
    table = pa.table(
        {
            "order_id": ["1", ""],
            "amount_minor": pa.array([5, None], pa.int64()),
            "is_guest": [True, False],
            "weight_grams": [1.5, float("nan")],
            "occurred_at": pa.array(
                [datetime(2026, 3, 5, 6, 13, 52, tzinfo=UTC)] * 2,
                pa.timestamp("us", "Asia/Kolkata"),
            ),
            "observed_at": pa.array(
                [datetime(2026, 3, 5, 6, 13, 52, 5)] * 2,  # noqa: DTZ001
                pa.timestamp("us"),
            ),
            "settlement_date": [date(2026, 3, 5)] * 2,
            "x_price": pa.array(
                [Decimal("9007199254740993.10"), None], pa.decimal128(18, 2)
            ),
            "lines": [[{"sku": "A", "quantity": 2}], None],
            'x "quoted"': ["é\n", None],
            "x_empty": pa.nulls(2, pa.string()),
        }
    )
    found, fault = parquet_of(table)
    assert fault is None
    assert found == [
        (
            1,
            '{"order_id":"1","amount_minor":5,"is_guest":true,"weight_grams":1.5,'
            '"occurred_at":"2026-03-05T06:13:52.000000Z",'
            '"observed_at":"2026-03-05 06:13:52.000005",'
            '"settlement_date":"2026-03-05","x_price":9007199254740993.10,'
            '"lines":[{"sku":"A","quantity":2}],"x \\"quoted\\"":"é\\n"}',
            None,
        ),
        (
            2,
            '{"is_guest":false,"occurred_at":"2026-03-05T06:13:52.000000Z",'
            '"observed_at":"2026-03-05 06:13:52.000005",'
            '"settlement_date":"2026-03-05"}',
            None,
        ),
    ]


def test_a_whole_number_in_a_column_of_fractions_is_whole(parquet_of):
    """As pandas keeps integers beside gaps; what is no whole number stays refused."""
    quantities = pa.array([-1.0, None, 2.5, float(2**60)], pa.float64())
    table = pa.table({"delta_quantity": quantities, "weight_grams": [1.0] * 4})
    found, _ = parquet_of(table)
    texts = [text.removesuffix(',"weight_grams":1.0}') for _, text, _ in found]
    assert texts[0] == '{"delta_quantity":-1'
    assert texts[1] == '{"weight_grams":1.0}'
    assert texts[2:] == [
        '{"delta_quantity":2.5',
        '{"delta_quantity":1152921504606847000.0',
    ]


def test_what_an_item_leaves_out_is_absent(parquet_of):
    items = [[{"sku": "A", "unit_price_minor": None}], [{"sku": "B"}], [], None]
    kind = pa.list_(pa.struct([("sku", pa.string()), ("unit_price_minor", pa.int64())]))
    table = pa.table({"order_id": list("1234"), "lines": pa.array(items, kind)})
    found, _ = parquet_of(table)
    assert [text for _, text, _ in found] == [
        '{"order_id":"1","lines":[{"sku":"A"}]}',
        '{"order_id":"2","lines":[{"sku":"B"}]}',
        '{"order_id":"3","lines":[]}',
        '{"order_id":"4"}',
    ]


def test_a_row_keeps_its_place_over_row_groups(parquet_of):
    table = pa.table({"order_id": [str(n) for n in range(5000)]})
    found, _ = parquet_of(table, limit=300)
    assert found == [(n + 1, f'{{"order_id":"{n}"}}', None) for n in range(5000)]


@pytest.mark.parametrize(
    "name", ["a[b]*.parquet", "a?.parquet", "day=5/a.parquet", "it's.parquet"]
)
def test_a_name_is_only_a_name(parquet_of, tmp_path, name):
    # which the name of the first two would match as a pattern
    pq.write_table(pa.table({"order_id": ["another"]}), tmp_path / "ab.parquet")
    found, fault = parquet_of(pa.table({"order_id": ["1"]}), name)
    assert (found, fault) == ([(1, '{"order_id":"1"}', None)], None)


def test_a_column_that_is_empty_in_some_row_groups_is_kept(parquet_of):
    table = pa.table({"order_id": ["a"] * 150, "x": [None] * 149 + ["here"]})
    found, _ = parquet_of(table)
    assert found[0] == (1, '{"order_id":"a"}', None)
    assert found[149] == (150, '{"order_id":"a","x":"here"}', None)


@pytest.mark.parametrize("has_statistics", [True, False])
def test_a_blank_in_any_row_group_is_an_absent_key(tmp_path, read, has_statistics):
    path = tmp_path / "a.parquet"
    table = pa.table({"order_id": ["a"] * 199 + [""], "x": [None] * 199 + ["b"]})
    pq.write_table(table, path, row_group_size=100, write_statistics=has_statistics)
    found, _ = read(path)
    assert found[0] == (1, '{"order_id":"a"}', None)
    assert found[199] == (200, '{"x":"b"}', None)


def test_a_parquet_row_too_large_is_cut(parquet_of):
    table = pa.table({"order_id": ["a" * 500, "b"]})
    found, _ = parquet_of(table, limits=Limits(line_bytes=100, kept_bytes=14))
    assert found == [
        (1, '{"order_id":"a', "line_too_large"),
        (2, '{"order_id":"b"}', None),
    ]


def test_a_parquet_file_that_unpacks_to_too_much_stops(tmp_path, read):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"order_id": ["a" * 1000] * 100_000}), path)
    found, fault = read(path, limits=Limits(free_bytes=10**6))
    assert "unpacks to more than 200 times" in fault
    assert len(found) < 5000


def repeated(text, times, kind):
    """One text said many times, which a dictionary stores once."""
    column = pa.DictionaryArray.from_arrays(pa.array([0] * times, pa.int32()), [text])
    match kind:
        case "text":
            return column
        case "list":
            offsets = pa.array(range(times + 1), pa.int32())
            item = pa.StructArray.from_arrays([column.dictionary_decode()], ["sku"])
            return pa.ListArray.from_arrays(offsets, item)
        case "map":
            offsets = pa.array(range(times + 1), pa.int32())
            keys = pa.array(["k"] * times)
            return pa.MapArray.from_arrays(offsets, keys, column.dictionary_decode())


@pytest.mark.parametrize("kind", ["text", "list", "map"])
def test_a_small_file_that_says_a_long_text_often_is_refused_unread(
    tmp_path, read, kind
):
    path = tmp_path / "a.parquet"
    text = random.Random(4).randbytes(5000).hex()
    pq.write_table(pa.table({"x": repeated(text, 3000, kind)}), path)
    assert path.stat().st_size < 10 * len(text)
    found, fault = read(path, limits=Limits(window_bytes=2**24))
    assert found == []
    assert "2,048 neighboring rows hold 20 MiB of text" in fault
    found, fault = read(path, limits=Limits(expansion=10**6))
    assert (len(found), fault) == (3000, None)


@pytest.mark.parametrize("cut", [0, 4, 100])
def test_a_broken_parquet_file_says_so(tmp_path, read, cut):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"order_id": ["1"] * 1000}), path)
    path.write_bytes(path.read_bytes()[:-cut] if cut else b"no parquet at all")
    found, fault = read(path)
    assert found == []
    assert "arquet" in fault
