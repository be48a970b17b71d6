"""Is the population sane? Suites over the tables about to be published.

One file a table in ``suites``: measures in SQL, and what Great Expectations holds
against them. A row that cannot be is dbt's business; here it is rates, volumes,
freshness and sums that no single row can break.
"""
