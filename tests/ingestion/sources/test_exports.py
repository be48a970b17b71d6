"""Reading an export: declared columns, exact line numbers, and errors one can fix."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.judge.personal import keyed_hash
from ingestion.sources.exports import (
    ExportError,
    ExportTable,
    find_file,
    read_batches,
)

SELLERS = ExportTable(
    name="sellers", stem="sellers", columns=("id", "city"), hashed={"city": "email"}
)
NOTES = ExportTable(name="notes", stem="notes", columns=("id", "note"))


def read(path: Path, table: ExportTable = NOTES) -> list[dict]:
    batches = list(read_batches(path, table, hash_key="secret"))
    return pa.concat_tables(batches).to_pylist()


def write(folder: Path, text: str, name: str = "notes.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_line_numbers_are_those_an_editor_shows(tmp_path):
    path = write(tmp_path, 'id,note\n1,a\n\n2,"two\nlines"\n3,c\n')

    assert [(row["id"], row["line_number"]) for row in read(path)] == [
        ("1", 2),
        ("2", 4),
        ("3", 6),
    ]


def test_a_row_keeps_the_name_of_its_file(tmp_path):
    path = write(tmp_path, "id,note\n1,a\n")

    assert read(path)[0]["landed_file"] == "notes.csv"


def test_an_empty_cell_is_null_and_everything_else_is_text(tmp_path):
    path = write(tmp_path, "id,note\n007,\n")

    assert read(path)[0] == {
        "id": "007",
        "note": None,
        "landed_file": "notes.csv",
        "line_number": 2,
    }


def test_columns_are_found_by_name_in_any_order(tmp_path):
    path = write(tmp_path, "note,id\na,1\n")

    assert (read(path)[0]["id"], read(path)[0]["note"]) == ("1", "a")


def test_plain_and_gzipped_files_give_equal_rows(tmp_path):
    text = "id,note\r\n1,a\r\n2,b\r\n"
    plain = write(tmp_path, text)
    zipped = tmp_path / "notes.csv.gz"
    zipped.write_bytes(gzip.compress(text.encode()))

    without_file = [
        [{k: v for k, v in row.items() if k != "landed_file"} for row in read(path)]
        for path in (plain, zipped)
    ]

    assert without_file[0] == without_file[1]
    assert len(without_file[0]) == 2


def test_a_byte_order_mark_is_not_part_of_the_first_column(tmp_path):
    path = write(tmp_path, "\ufeffid,note\n1,a\n")

    assert read(path)[0]["id"] == "1"


def test_an_export_without_rows_still_has_its_columns(tmp_path):
    path = write(tmp_path, "id,note\n")

    (batch,) = read_batches(path, NOTES, hash_key="secret")

    assert batch.num_rows == 0
    assert batch.column_names == ["id", "note", "landed_file", "line_number"]


def test_a_file_longer_than_one_batch_is_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("ingestion.sources.exports.ROWS_PER_BATCH", 3)
    path = write(tmp_path, "id,note\n" + "".join(f"{n},x\n" for n in range(7)))

    batches = list(read_batches(path, NOTES, hash_key="secret"))

    assert [batch.num_rows for batch in batches] == [3, 3, 1]


def test_a_hashed_column_never_lands_as_it_came(tmp_path):
    path = write(tmp_path, "id,city\n1,ann@example.org\n2,\n", "sellers.csv")

    rows = read(path, SELLERS)

    assert "city" not in rows[0]
    assert rows[0]["city_hash"] == keyed_hash("email", "ann@example.org", key="secret")
    assert rows[1]["city_hash"] is None
    assert "ann" not in str(rows)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: column id is missing"),
        ("id\n1\n", "line 1: column note is missing"),
        ("id,note,id\n1,a,1\n", "line 1: column id is there twice"),
        ("id,note,email\n1,a,b\n", "line 1: column 'email' is not declared"),
        ("id,note\n1,a\n2\n", "line 3: 1 fields where the header has 2"),
        ("id,note\n1,a,b\n", "line 2: 3 fields where the header has 2"),
        ('id,note\n1,a\n2,"open\n3,c\n', "line 3: .*close the quotes"),
    ],
)
def test_a_damaged_file_is_refused_by_line_with_the_fix(tmp_path, text, message):
    path = write(tmp_path, text)

    with pytest.raises(ExportError, match=f"notes.csv, {message}"):
        read(path)


def test_a_file_cut_short_is_refused(tmp_path):
    whole = gzip.compress(b"id,note\n" + b"1,some note\n" * 1000)
    path = tmp_path / "notes.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])

    with pytest.raises(ExportError, match=r"notes.csv.gz: cannot be read to its end"):
        read(path)


def test_another_encoding_is_refused(tmp_path):
    path = tmp_path / "notes.csv"
    path.write_bytes("id,note\n1,não\n".encode("latin-1"))

    with pytest.raises(ExportError, match=r"notes\.csv: is not UTF-8"):
        read(path)


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(ExportError, match=r"notes.csv is missing, plain or .gz"):
        find_file(tmp_path, "notes")


def test_a_file_that_is_there_twice_is_not_chosen_between(tmp_path):
    write(tmp_path, "id,note\n")
    write(tmp_path, "id,note\n", "notes.csv.gz")

    with pytest.raises(ExportError, match="are both there"):
        find_file(tmp_path, "notes")


def test_one_file_may_meet_a_pattern(tmp_path):
    path = write(tmp_path, "id,note\n", "notes_2011-05.csv")

    assert find_file(tmp_path, "notes*") == path
    write(tmp_path, "id,note\n", "notes_2011-06.csv")
    with pytest.raises(ExportError, match=r"05\.csv and notes_2011-06\.csv are both"):
        find_file(tmp_path, "notes*")


def test_a_column_left_out_is_read_and_never_landed(tmp_path):
    table = ExportTable(
        name="notes",
        stem="notes",
        columns=("id", "note"),
        left_out=frozenset({"note"}),
    )
    path = write(tmp_path, "note,id\nsecret,1\n")

    (row,) = read(path, table)

    assert row == {"id": "1", "landed_file": "notes.csv", "line_number": 2}
    assert table.landed_columns == ("id",)


def test_columns_land_in_snake_case(tmp_path):
    table = ExportTable(name="rows", stem="rows", columns=("InvoiceNo", "CustomerID"))
    path = write(tmp_path, "InvoiceNo,CustomerID\nC1,2\n", "rows.csv")

    assert read(path, table)[0]["invoice_no"] == "C1"
    assert table.landed_columns == ("invoice_no", "customer_id")


def test_parquet_becomes_text_numbered_by_row(tmp_path):
    path = tmp_path / "sellers.parquet"
    pq.write_table(pa.table({"city": ["Pune", None], "id": [7, 8]}), path)

    assert read(path, SELLERS) == [
        {
            "id": "7",
            "city_hash": keyed_hash("email", "Pune", key="secret"),
            "landed_file": "sellers.parquet",
            "line_number": 1,
        },
        {
            "id": "8",
            "city_hash": None,
            "landed_file": "sellers.parquet",
            "line_number": 2,
        },
    ]


def test_a_damaged_or_undeclared_parquet_file_is_refused(tmp_path):
    path = tmp_path / "notes.parquet"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(ExportError, match=r"notes\.parquet: cannot be read"):
        read(path)

    pq.write_table(pa.table({"id": [1], "note": ["a"], "email": ["b"]}), path)
    with pytest.raises(ExportError, match="column 'email' is not declared"):
        read(path)
