"""Stock, platform and privacy, beside any order."""
