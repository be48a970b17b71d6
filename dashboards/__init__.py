"""Streamlit pages over published databases: they read, never write, never build.

``app.py`` navigates, ``queries`` holds all SQL, ``views`` are the pages (one question
each), ``components`` are the pieces that pages share. Of our own packages nothing but
``dagster_project.published`` is imported here.
"""
