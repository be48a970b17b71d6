"""What a caller can do wrong."""

from __future__ import annotations


class LandingError(RuntimeError):
    """Landing cannot begin; the message names the file or setting and the remedy."""


class SimulationError(ValueError):
    """A shop cannot be simulated as asked; the message names what to change."""
