"""Reads one day of the books from a published version; decides nothing.

A day's balances come from the ledger's own lines, so that any day can be certified.
What is left in clearing and of orders is judged, and named, at the version's clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import duckdb

from dagster_project.published import Version

Row = TypeVar("Row")

MONTHS_SHOWN: Final = 6

ACCOUNTS: Final = """
    select
        currency,
        account,
        coalesce(sum(amount) filter (where booked_date < $day), 0) as opening,
        coalesce(sum(amount) filter (where booked_date = $day and amount > 0), 0)
            as debits,
        coalesce(-sum(amount) filter (where booked_date = $day and amount < 0), 0)
            as credits,
        sum(amount) as closing
    from marts.fct_ledger_entries
    where booked_date <= $day
    group by currency, account
    order by currency, account
"""

POSTED: Final = """
    with entries as (
        select
            currency,
            entry_id,
            entry_kind,
            booked_date = $day as is_today,
            sum(amount) as amount
        from marts.fct_ledger_entries
        where booked_date <= $day
        group by all
    )

    select
        currency,
        count(distinct entry_id) filter (where is_today) as entries,
        count(distinct entry_id) as entries_so_far,
        count(distinct entry_id) filter (where amount <> 0) as unbalanced
    from entries
    group by currency
    order by entries_so_far desc, currency
"""

CLEARING: Final = """
    with balances as (
        select
            payment_id,
            currency,
            sum(amount) as amount,
            $day::date - min(booked_date) as age_days
        from marts.fct_ledger_entries
        where booked_date <= $day
            and account in ('provider_clearing', 'cod_clearing')
        group by payment_id, currency
        having sum(amount) <> 0
    )

    select
        balances.currency,
        coalesce(clearing.gateway, 'unknown') as gateway,
        case
            when clearing.balance_amount = 0 then 'cleared since'
            else coalesce(clearing.cause, 'unknown')
        end as cause,
        count(*) as payments,
        sum(balances.amount) as amount,
        coalesce(sum(balances.amount) filter (where age_days <= 3), 0) as to_3_days,
        coalesce(sum(balances.amount) filter (where age_days between 4 and 10), 0)
            as to_10_days,
        coalesce(sum(balances.amount) filter (where age_days between 11 and 30), 0)
            as to_30_days,
        coalesce(sum(balances.amount) filter (where age_days > 30), 0) as older,
        max(age_days) as oldest_days
    from balances
    left join marts.ledger_clearing as clearing
        on balances.payment_id = clearing.payment_id
        and balances.currency = clearing.currency
    group by all
    order by balances.currency, gateway, abs(sum(balances.amount)) desc, cause
"""

REFUNDS: Final = """
    with refunds as (
        select currency, booked_date, ordered_date, amount
        from marts.fct_ledger_entries
        where booked_date <= $day
            and entry_kind = 'refund'
            and account in ('revenue', 'receivable')
    ),

    months as (
        select
            currency,
            date_trunc('month', booked_date)::date as month,
            amount as recognized,
            0 as attributed,
            0 as today
        from refunds
        union all
        select
            currency,
            date_trunc('month', ordered_date)::date,
            0,
            amount,
            case when booked_date = $day then amount else 0 end
        from refunds
    ),

    shown as (
        select
            currency,
            case
                when month is null then 'order unknown'
                when month < $first_month then 'earlier'
                else strftime(month, '%Y-%m')
            end as month,
            recognized,
            attributed,
            today
        from months
    )

    select
        currency,
        month,
        sum(recognized) as recognized,
        sum(attributed) as attributed,
        sum(today) as today
    from shown
    group by currency, month
    order by currency, month <> 'order unknown', month <> 'earlier', month
"""

RESIDUALS: Final = """
    select
        currency,
        coalesce(residual_cause, 'none') as cause,
        count(*) as orders,
        coalesce(sum(residual_amount) filter (where residual_amount > 0), 0) as over,
        coalesce(sum(residual_amount) filter (where residual_amount < 0), 0) as under
    from marts.reconciliation
    group by currency, cause
    order by currency, cause <> 'none', orders desc, cause
"""


class CertificateError(Exception):
    """The day cannot be certified from this version."""


@dataclass(frozen=True)
class Account:
    """One account over the day; debits and credits are both positive."""

    currency: str
    account: str
    opening: Decimal
    debits: Decimal
    credits: Decimal
    closing: Decimal


@dataclass(frozen=True)
class Posted:
    """Entries of the day and so far, and those that do not sum to zero."""

    currency: str
    entries: int
    entries_so_far: int
    unbalanced: int


@dataclass(frozen=True)
class Clearing:
    """What one gateway holds at the end of the day for one cause, by days of age."""

    currency: str
    gateway: str
    cause: str
    payments: int
    amount: Decimal
    to_3_days: Decimal
    to_10_days: Decimal
    to_30_days: Decimal
    older: Decimal
    oldest_days: int


@dataclass(frozen=True)
class Refunds:
    """Refunds of a month by their own date, beside those of its orders.

    Attributes:
        today: The part of ``attributed`` that was recognized on the day itself.
    """

    currency: str
    month: str
    recognized: Decimal
    attributed: Decimal
    today: Decimal


@dataclass(frozen=True)
class Residuals:
    """Orders whose money leaves something over, or short, for one cause."""

    currency: str
    cause: str
    orders: int
    over: Decimal
    under: Decimal


@dataclass(frozen=True)
class Currency:
    """The certificate of one currency."""

    code: str
    posted: Posted
    accounts: tuple[Account, ...]
    clearing: tuple[Clearing, ...]
    refunds: tuple[Refunds, ...]
    residuals: tuple[Residuals, ...]

    @property
    def debits(self) -> Decimal:
        """Debits of the day."""
        return sum((each.debits for each in self.accounts), Decimal(0))

    @property
    def credits(self) -> Decimal:
        """Credits of the day."""
        return sum((each.credits for each in self.accounts), Decimal(0))

    @property
    def closing(self) -> Decimal:
        """Sum of all closing balances."""
        return sum((each.closing for each in self.accounts), Decimal(0))

    @property
    def recognized(self) -> Decimal:
        """Refunds so far by their own date."""
        return sum((each.recognized for each in self.refunds), Decimal(0))

    @property
    def attributed(self) -> Decimal:
        """Refunds so far by their orders' date."""
        return sum((each.attributed for each in self.refunds), Decimal(0))

    @property
    def orders(self) -> int:
        """Orders reconciled."""
        return sum(each.orders for each in self.residuals)

    @property
    def left_over(self) -> int:
        """Orders with a residual."""
        return sum(each.orders for each in self.residuals if each.cause != "none")

    def closing_of(self, account: str) -> Decimal:
        """Return an account's closing balance; nothing where it was never used."""
        return sum(
            (each.closing for each in self.accounts if each.account == account),
            Decimal(0),
        )

    @property
    def is_proven(self) -> bool:
        """Whether the books close and every refund is counted once."""
        return (
            self.posted.unbalanced == 0
            and self.debits == self.credits
            and self.closing == 0
            and self.recognized == self.attributed
        )


@dataclass(frozen=True)
class Certificate:
    """One day of the books of one published version."""

    day: date
    version: str
    as_of: datetime
    published_at: datetime
    store_timezone: str
    currencies: tuple[Currency, ...]

    @property
    def is_whole_day(self) -> bool:
        """Whether the version's clock has seen the day end."""
        zone = ZoneInfo(self.store_timezone)
        return self.day < self.as_of.astimezone(zone).date()

    @property
    def moved(self) -> tuple[Currency, ...]:
        """Currencies with an entry on the day."""
        return tuple(each for each in self.currencies if each.posted.entries)

    @property
    def still(self) -> tuple[Currency, ...]:
        """Currencies without one: they close as they opened."""
        return tuple(each for each in self.currencies if not each.posted.entries)

    @property
    def still_accounts(self) -> tuple[str, ...]:
        """Accounts that the currencies without an entry have used."""
        return tuple(
            sorted({row.account for each in self.still for row in each.accounts})
        )

    @property
    def is_proven(self) -> bool:
        """Whether the books of every currency close."""
        return all(each.is_proven for each in self.currencies)


def today_of(version: Version) -> date:
    """Return the store day that the version's clock stands in."""
    return version.as_of.astimezone(ZoneInfo(version.store_timezone)).date()


def last_day_of(version: Version) -> date:
    """Return the last store day that the version's clock saw end."""
    return today_of(version) - timedelta(days=1)


def certificate_of(
    version: Version, connection: duckdb.DuckDBPyConnection, day: date | None = None
) -> Certificate:
    """Read the books of a day, by default the last that the version's clock saw end.

    Raises:
        CertificateError: The version has no books, or the day is still to come.
    """
    today = today_of(version)
    day = day or last_day_of(version)
    if day > today:
        raise CertificateError(
            f"{day} is after {today}, the last day version {version.name} knows; "
            "name an earlier --date"
        )
    known = {
        name
        for (name,) in connection.execute(
            "select table_name from information_schema.tables "
            "where table_schema = 'marts'"
        ).fetchall()
    }
    needed = {"fct_ledger_entries", "ledger_clearing", "reconciliation"}
    if needed - known:
        raise CertificateError(
            f"version {version.name} has no {', '.join(sorted(needed - known))}; "
            "build and publish anew"
        )
    first_month = _months_before(day, MONTHS_SHOWN - 1)
    of_day = {"day": day}
    accounts = _rows(connection, Account, ACCOUNTS, of_day)
    clearing = _rows(connection, Clearing, CLEARING, of_day)
    refunds = _rows(
        connection, Refunds, REFUNDS, {"day": day, "first_month": first_month}
    )
    residuals = _rows(connection, Residuals, RESIDUALS, {})
    return Certificate(
        day=day,
        version=version.name,
        as_of=version.as_of,
        published_at=version.published_at,
        store_timezone=version.store_timezone,
        currencies=tuple(
            Currency(
                code=posted.currency,
                posted=posted,
                accounts=_of(accounts, posted.currency),
                clearing=_of(clearing, posted.currency),
                refunds=_of(refunds, posted.currency),
                residuals=_of(residuals, posted.currency),
            )
            for posted in _rows(connection, Posted, POSTED, of_day)
        ),
    )


def _of(rows: tuple[Any, ...], currency: str) -> tuple[Any, ...]:
    return tuple(row for row in rows if row.currency == currency)


def _months_before(day: date, months: int) -> date:
    """Return the first day of the month that many months before a day's."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(years, month + 1, 1)


def _rows(
    connection: duckdb.DuckDBPyConnection,
    kind: type[Row],
    sql: str,
    parameters: Mapping[str, object],
) -> tuple[Row, ...]:
    """Run a query whose columns are the fields of a dataclass."""
    cursor = connection.execute(sql, dict(parameters))
    names = [column[0] for column in cursor.description or ()]
    return tuple(
        kind(**dict(zip(names, values, strict=True))) for values in cursor.fetchall()
    )
