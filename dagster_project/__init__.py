"""Orchestration: what runs, when, and what must hold before the next step.

The steps are plain functions (build, validate, publish, run); the command line and
Dagster's assets both call them. Modules outside ``defs`` do not import Dagster.
"""
