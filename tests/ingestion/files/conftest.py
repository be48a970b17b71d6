"""Files of every kind, and a short way to read one."""

from __future__ import annotations

import gzip

import pyarrow as pa
import pytest

from ingestion.contract.catalogue import load_catalogue
from ingestion.files import Limits, find_files, read_lines


def zstd(text):
    return pa.compress(text, "zstd", asbytes=True)


PACKED = {".gz": gzip.compress, ".zst": zstd}


@pytest.fixture(scope="session")
def catalogue():
    return load_catalogue()


@pytest.fixture
def read(catalogue):
    """Read one path as (number, text, fault), and the reason why it breaks off."""

    def lines_of(path, limit=1000, limits=None):
        (file,) = find_files([path])
        found = []
        try:
            for lines in read_lines(
                file, catalogue, limit=limit, limits=limits or Limits()
            ):
                assert 0 < len(lines.texts) <= limit
                found += zip(
                    lines.numbers.to_pylist(),
                    lines.texts.to_pylist(),
                    lines.faults.to_pylist(),
                    strict=True,
                )
        except OSError as error:
            return found, str(error)
        return found, None

    return lines_of
