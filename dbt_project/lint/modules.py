"""The standard modules dbt offers to macros."""

import re

__all__ = ["re"]
