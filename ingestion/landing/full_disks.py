"""A full disk, in the words of whoever notices it first, as one clear error."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Iterator

from ingestion.errors import LandingError
from ingestion.shop import Shop

_SAID_BY_LIBRARIES = ("no space left on device", "disk quota exceeded")


@contextlib.contextmanager
def told_clearly(shop: Shop) -> Iterator[None]:
    """Turn any error that a full disk caused into one that says so.

    Raises:
        LandingError: The disk is full; names the folder, what is free and the remedy.
    """
    try:
        yield
    except Exception as error:
        if not any(_is_of_full_disk(cause) for cause in _causes(error)):
            raise
        free = shutil.disk_usage(shop.folder).free // 2**20
        raise LandingError(
            f"{shop.folder}: no space left on this disk ({free} MiB free). What was "
            "landed before stands, and this landing is undone. Free space and land "
            "the same files again"
        ) from error


def _is_of_full_disk(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return any(words in str(error).lower() for words in _SAID_BY_LIBRARIES)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
