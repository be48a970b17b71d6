"""Pieces that pages share: how things are worded, linked, and said to be missing."""
