"""Event files in a store that speaks S3, by fsspec; each is copied once and hashed.

An object is copied before it is read: what lands is then what was hashed, and a
connection that breaks costs a copy, not half a file.
"""

from __future__ import annotations

import errno
import glob
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from ingestion.errors import LandingError
from ingestion.files.event_file import EventFile
from ingestion.files.formats import READ, is_searched, kind_of
from ingestion.files.local import hashed
from ingestion.files.scratch import Scratch

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

SCHEME: Final = "s3://"
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def stored_files(given: str, scratch: Path | None) -> list[EventFile]:
    """List and copy the event files that an address ``s3://bucket/key`` means.

    The key may be an object's, a prefix or a pattern.

    Raises:
        LandingError: The store cannot be reached or read, there is no event file, or
            the disk is full.
    """
    bucket, _, key = given.removeprefix(SCHEME).partition("/")
    if not _BUCKET.fullmatch(bucket):
        # what was given may hold a secret, and so is not repeated
        raise LandingError(
            f"expected {SCHEME}bucket/prefix, with a bucket's name of 3 to 63 lower "
            "case letters, digits, dots and hyphens; keys and endpoint belong into the "
            "environment (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL_S3)"
        )
    store = _Store(given)
    names = store.names(f"{bucket}/{key}".rstrip("/"))
    if not names:
        raise LandingError(
            f"{given}: no event files there; expected names ending in {', '.join(READ)}"
        )
    copies = Scratch(scratch)
    return [store.copied(name, copies, number) for number, name in enumerate(names)]


class _Store:
    """A connection, and what its errors mean for whoever gave the address."""

    def __init__(self, given: str) -> None:
        try:
            import s3fs
            from botocore.exceptions import BotoCoreError
        except ImportError as error:
            raise LandingError(
                f"{given}: reading from a store needs the extra s3; install "
                "postorder[s3]"
            ) from error
        self._given = given
        self._errors = (OSError, BotoCoreError)
        # a kept listing would hide what arrived since
        self._files: AbstractFileSystem = s3fs.S3FileSystem(
            skip_instance_cache=True, use_listings_cache=False
        )

    def names(self, path: str) -> list[str]:
        """Name the event files of a pattern, else of an object or a prefix."""
        try:
            is_pattern = glob.has_magic(path) and not self._files.isfile(path)
            found = self._files.glob(path) if is_pattern else self._files.find(path)
        except self._errors as error:
            raise LandingError(
                f"{self._given}: the store cannot be read ({error}); check the bucket, "
                "AWS_ENDPOINT_URL_S3 and the keys in the environment"
            ) from error
        is_ours = kind_of if is_pattern or found == [path] else is_searched
        return sorted(name for name in found if is_ours(name))

    def copied(self, name: str, copies: Scratch, number: int) -> EventFile:
        """Copy one object; one that cannot be had is refused alone."""
        # an object's name may lead anywhere, so that the copy has its own
        path = copies.folder / f"{number:06}{PurePosixPath(name).suffix}"
        if ".." in name.split("/"):
            return EventFile.refused(path, name, "'..' in its key")
        try:
            self._files.get_file(name, str(path))
            digest, size = hashed(path)
        except self._errors as error:
            if getattr(error, "errno", None) == errno.ENOSPC:
                raise LandingError(
                    f"{copies.folder}: the disk is full while {name} is copied; free "
                    "space and land again"
                ) from error
            return EventFile.refused(path, name, f"cannot be copied ({error})")
        return EventFile(path, name, digest, size, scratch=copies)
