"""Speeds, reported and never asserted: `make bench`."""
