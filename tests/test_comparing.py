"""The comparison itself is seen to fail before it is believed."""

import duckdb
import pytest

from tests.comparing import differences


@pytest.fixture
def database(tmp_path):
    def write(name, rows):
        path = tmp_path / f"{name}.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.execute("create schema marts")
            connection.execute(
                f"create table marts.facts as select * from (values {rows}) "
                "as rows (id, amount, landed_file)"
            )
        return path

    return write


def test_order_lineage_and_the_tenth_digit_are_no_difference(database):
    first = database("first", "('a', 1.0::double, 'x'), ('b', 2.0::double, 'x')")
    second = database(
        "second", "('b', 2.0::double, 'y'), ('a', 1.00000000001::double, 'y')"
    )
    assert differences(first, second) == {}


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param("('a', 1.0::double, 'x')", id="a row is missing"),
        pytest.param(
            "('a', 1.0::double, 'x'), ('b', 2.0::double, 'x'), ('b', 2.0::double, 'x')",
            id="a row is doubled",
        ),
        pytest.param(
            "('a', 1.0::double, 'x'), ('b', 2.0000001::double, 'x')",
            id="a figure differs in its eighth digit",
        ),
    ],
)
def test_a_difference_is_found(database, rows):
    first = database("first", "('a', 1.0::double, 'x'), ('b', 2.0::double, 'x')")
    assert "marts.facts" in differences(first, database("second", rows))
