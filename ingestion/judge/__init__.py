"""The one judge: generated SQL that decides whether a line keeps the contract.

Nothing here knows an event or a field by name; all of it is made from the catalogue.
The judge reads a table of lines and gives typed rows and rejections; it opens no file
and writes no warehouse.
"""
