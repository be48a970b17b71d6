"""Carriers, attempts, ways back, counters, cash."""
