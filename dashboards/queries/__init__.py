"""All SQL of the pages: one module a page, parameterised, over published marts only.

A function is one question. It takes the version to read, is cached under that version's
name, and returns typed rows; text a user typed is only ever a parameter.
"""
