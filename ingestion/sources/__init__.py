"""Systems that do not speak the contract: their own tables, and one select each.

A source is a folder with three things: the tables it lands (declared, direct
personal data hashed), what it declares about its clock and its money, and a plain
SQL select that turns the landed tables into lines of the contract. Judging,
normalizing and accounting of those lines do not belong here: they meet the same
judge as every other line.

A module ``ingestion.sources.<name>`` offers ``SCHEMA``, ``DECLARED``, ``resources`` and
``lines_query``.
"""
