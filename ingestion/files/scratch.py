"""A folder for copies of what lies in a store, gone when nobody needs them."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path


class Scratch:
    """A new empty folder that is removed with the last reference to it.

    Attributes:
        folder: Where it lies.
    """

    def __init__(self, parent: Path | None = None) -> None:
        """Make it inside ``parent``, by default where temporary files go."""
        self.folder = Path(tempfile.mkdtemp(prefix="postorder-", dir=parent))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
