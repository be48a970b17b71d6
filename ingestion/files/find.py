"""Event files under paths, patterns and addresses of a store, in a fixed order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ingestion.errors import LandingError
from ingestion.files.event_file import EventFile
from ingestion.files.local import local_files
from ingestion.files.store import SCHEME, stored_files


def find_files(
    paths: Sequence[Path | str], *, scratch: Path | None = None
) -> list[EventFile]:
    """List event files under paths, in a fixed order.

    Folders, and prefixes of a store, are searched to any depth. What is found in a
    folder lands under the folder's name and its path inside, what lies in a store
    under its bucket and key. A file found there that must not or cannot be read, such
    as a link that leads outside, is listed with its refusal.

    Args:
        paths: Files, folders, patterns (``*``, ``?``, ``[]``, ``**``), and the same
            as ``s3://bucket/key``. Endpoint and keys of the store come from the
            environment (``AWS_ENDPOINT_URL_S3``, ``AWS_ACCESS_KEY_ID`` and so on).
        scratch: Folder for copies of objects, which are gone when their files are.

    Raises:
        LandingError: A path is missing, unreadable, of another kind, a folder or
            pattern without event files, or a store that cannot be reached.
    """
    found: list[EventFile] = []
    for path in paths:
        given = str(path)
        if given.startswith(SCHEME):
            found += stored_files(given, scratch)
        elif "://" in given:
            scheme = given.partition("://")[0]
            raise LandingError(
                f"{scheme}://: no place that can be read; give a path or "
                f"{SCHEME}bucket/prefix"
            )
        else:
            found += local_files(given)
    return found
