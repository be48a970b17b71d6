"""A day of the books, as the page that finance prints and signs."""

from __future__ import annotations

from datetime import date

from dagster_project.certificate.figures import ACCOUNTS, Certificate, certificate_of
from dagster_project.published import Version
from dashboards.queries.reader import Query, cached, cursor_of


def accounts_on(day: date) -> Query:
    """Return each account over a day, the currency most booked in first."""
    return Query(
        f"""
        select
            account,
            currency,
            opening as opening_amount,
            debits as debit_amount,
            credits as credit_amount,
            closing as closing_amount
        from ({ACCOUNTS}) as accounts
        order by
            (
                select count(*)
                from marts.fct_ledger_entries as lines
                where lines.currency = accounts.currency
            ) desc,
            currency,
            account
        """,
        {"day": day},
    )


@cached
def certified(version: Version, day: date) -> Certificate:
    """Return the certificate of a day that the version's clock has reached.

    Raises:
        VersionGoneError: The version's file is no longer there.
    """
    with cursor_of(version) as connection:
        return certificate_of(version, connection, day)
