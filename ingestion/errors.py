"""What a caller of landing can do wrong."""

from __future__ import annotations


class LandingError(RuntimeError):
    """Landing cannot begin; the message names the file or setting and the remedy."""
