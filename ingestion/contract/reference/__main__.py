"""Writes every file that derives from the catalogue into this checkout."""

from pathlib import Path

from ingestion.contract.catalogue import load_catalogue
from ingestion.contract.reference.files import write

if __name__ == "__main__":
    write(load_catalogue(), Path(__file__).resolve().parents[3])
