"""Reads the rules file; a mistake is named with its rule, its field and the fix."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import yaml

from dagster_project.alerts import messages, subjects
from dagster_project.alerts.conditions import (
    CHANGES,
    DEFAULT_CHANCE,
    DEFAULT_WEEKS,
    LIMITS,
    Condition,
)
from dagster_project.alerts.messages import Template, TemplateError, nearest
from dagster_project.alerts.subjects import Exceptions, Metric, Subject, Warehouse
from dagster_project.alerts.units import RATIOS
from ingestion.contract.catalogue import load_catalogue

RULES: Final = Path(__file__).with_name("rules.yml")

COMMON_KEYS: Final = ("name", "severity", "owner", "message")
OPTIONAL_KEYS: Final = ("condition", "link", "to", "remind_after_hours")
KIND_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "metric": ("segment_type", "segment", "day", "over_days", "least_denominator"),
    "exceptions": (),
    "warehouse": (),
}
CHANNEL_KEYS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "log": ((), ()),
    "webhook": (("url_from",), ("authorization_from",)),
    "slack": (("url_from",), ()),
    "smtp": (
        ("host", "sender", "recipients"),
        ("port", "security", "user_from", "password_from"),
    ),
}
SECURITY: Final = ("starttls", "tls", "none")

OF_CHANGES: Final = ("weeks", "from_at_least", "by_chance")
EVEN_CHANCE: Final = 0.5

# a year
MOST_WEEKS: Final = 52

# The rules that need no limit of their own: one is too many.
SOMETHING: Final = Condition({"at_least": 1.0}, {})

VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9_]*")
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_]*")
PERCENT: Final = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?) ?%")


class RulesError(Exception):
    """The rules file has a mistake; nothing of it is judged."""


@dataclass(frozen=True)
class Definition:
    """What a published version says of a metric.

    Attributes:
        unit: Its unit.
        grain: What its days are days of.
        matures_after_days: Days after which a day of it is complete.
        segment_types: What it is split by.
    """

    unit: str
    grain: str
    matures_after_days: int
    segment_types: frozenset[str]


@dataclass(frozen=True)
class ChannelSettings:
    """How one channel is reached.

    Attributes:
        name: Its name in the file.
        kind: ``log``, ``webhook``, ``slack`` or ``smtp``.
        settings: What the kind needs; of secrets the name of their variable.
    """

    name: str
    kind: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """One thing that is watched.

    Attributes:
        name: Its name, by which an open alert is known.
        kind: ``metric``, ``exceptions`` or ``warehouse``.
        subject: What is watched.
        condition: When it is alarming.
        severity: ``critical``, ``high``, ``medium`` or ``low``.
        owner: Who acts on it.
        message: What is said.
        link: Where to look, an address.
        to: Channels, by name.
        remind_after: When an alert still open is said again.
    """

    name: str
    kind: str
    subject: Subject
    condition: Condition
    severity: str
    owner: str
    message: Template
    link: Template | None
    to: tuple[str, ...]
    remind_after: timedelta


@dataclass(frozen=True)
class Rules:
    """A rules file.

    Attributes:
        rules: What is watched, in the file's order.
        channels: Who can be told, by name.
        digest_to: Channels the digest goes to.
        failures_to: Channels that hear of runs that failed.
        runs_at: Where Dagster's pages are, an address.
        postponed: Names of rules on metrics of which nothing is published yet.
    """

    rules: tuple[Rule, ...]
    channels: Mapping[str, ChannelSettings]
    digest_to: tuple[str, ...]
    failures_to: tuple[str, ...]
    runs_at: str = ""
    postponed: frozenset[str] = frozenset()


class _Part:
    """A mapping of the file that knows where it stands."""

    def __init__(self, body: Any, path: Path, place: str = "") -> None:
        self.path, self.place = path, place
        if not isinstance(body, dict):
            raise self.error("", f"expected keys and values, found {_shown(body)}")
        self.body: dict[str, Any] = body

    def error(self, field: str, says: str) -> RulesError:
        where = ", ".join(each for each in (self.place, field) if each)
        return RulesError(f"{self.path}: {where or 'file'}: {says}")

    def keys(self, required: Sequence[str], optional: Sequence[str] = ()) -> None:
        known = {*required, *optional}
        for key in self.body:
            if key not in known:
                raise self.error(str(key), f"unknown key; {nearest(str(key), known)}")
        for key in required:
            if key not in self.body:
                raise self.error(key, "is missing; add it")

    def part(self, key: str) -> _Part:
        return _Part(self.body[key], self.path, _joined(self.place, key))

    def text(self, key: str, default: str | None = None) -> str:
        value = self.body.get(key, default)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, f"expected text, found {_shown(value)}")
        return value

    def name(self, key: str) -> str:
        value = self.text(key)
        if NAME.fullmatch(value) is None:
            raise self.error(key, "use small letters, digits and underscores")
        return value

    def one_of(self, key: str, known: Any, default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in known:
            raise self.error(key, f"{value!r} is not known; {nearest(value, known)}")
        return value

    def number(self, key: str, default: float, *, least: float = 0.0) -> float:
        value = self.body.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(key, f"expected a number, found {_shown(value)}")
        if not least <= value < float("inf"):
            raise self.error(key, f"expected {least:g} or more, found {value:g}")
        return float(value)

    def whole(self, key: str, default: int, *, most: int) -> int:
        value = self.number(key, default, least=1)
        if value != int(value) or value > most:
            raise self.error(
                key, f"expected a whole number from 1 to {most}, found {value:g}"
            )
        return int(value)

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.body[key]
        if not isinstance(value, list) or not value:
            raise self.error(key, "expected a list, such as [log]")
        for each in value:
            if not isinstance(each, str) or not each.strip():
                raise self.error(key, f"expected text, found {_shown(each)}")
        return tuple(value)

    def channels(self, key: str, known: Mapping[str, Any]) -> tuple[str, ...]:
        names = self.texts(key)
        for name in names:
            if name not in known:
                raise self.error(key, f"no channel {name!r}; {nearest(name, known)}")
        return tuple(dict.fromkeys(names))


def read_rules(path: Path, definitions: Mapping[str, Definition] | None) -> Rules:
    """Read a rules file.

    Args:
        path: The file.
        definitions: The metrics of the published version by name; ``None`` where
            nothing is published, and then rules on metrics are postponed.

    Raises:
        RulesError: The file has a mistake; the first is named.
    """
    tree = _Part(_load(path), path)
    tree.keys(
        ("channels", "to", "rules"),
        ("pages", "remind_after_hours", "digest", "failures"),
    )
    listed = tree.part("channels")
    channels = {str(name): _channel(listed, str(name)) for name in listed.body}
    digest_to = tree.channels("to", channels)
    if "digest" in tree.body:
        digest = tree.part("digest")
        digest.keys(("to",))
        digest_to = digest.channels("to", channels)
    failures_to, runs_at = _failures(tree, channels)
    if not isinstance(tree.body["rules"], list):
        raise tree.error("rules", "expected a list, each rule after a dash")
    rules: dict[str, Rule | None] = {}
    for number, body in enumerate(tree.body["rules"], start=1):
        named = body.get("name") if isinstance(body, dict) else None
        part = _Part(body, path, f"rule {named or number}")
        rule = _rule(part, tree, channels, definitions)
        if part.name("name") in rules:
            raise part.error("name", "is taken by a rule above; choose another")
        rules[part.name("name")] = rule
    return Rules(
        tuple(rule for rule in rules.values() if rule is not None),
        channels,
        digest_to,
        failures_to,
        runs_at,
        frozenset(name for name, rule in rules.items() if rule is None),
    )


def _failures(
    file: _Part, channels: Mapping[str, ChannelSettings]
) -> tuple[tuple[str, ...], str]:
    """Read who hears of failed runs, and where a run can be looked at."""
    if "failures" not in file.body:
        return file.channels("to", channels), ""
    part = file.part("failures")
    part.keys(("to",), ("runs",))
    runs = part.text("runs").rstrip("/") if "runs" in part.body else ""
    if runs and not runs.startswith(("http://", "https://")):
        raise part.error("runs", "expected an address, such as https://host")
    return part.channels("to", channels), runs


def _rule(
    part: _Part,
    file: _Part,
    channels: Mapping[str, ChannelSettings],
    definitions: Mapping[str, Definition] | None,
) -> Rule | None:
    """Read a rule; ``None`` where nothing of its metric is published yet."""
    kinds = [kind for kind in KIND_KEYS if kind in part.body]
    if len(kinds) != 1:
        choices = ", ".join(KIND_KEYS)
        raise part.error("", f"watches {len(kinds)} things; name one of {choices}")
    (kind,) = kinds
    part.keys((*COMMON_KEYS, kind), (*OPTIONAL_KEYS, *KIND_KEYS[kind]))
    if kind == "metric" and not _is_published(part, definitions):
        return None
    subject, unit = _subject(part, kind, definitions or {})
    return Rule(
        name=part.name("name"),
        kind=kind,
        subject=subject,
        condition=_condition(part, subject, unit),
        severity=part.one_of("severity", subjects.SEVERITIES),
        owner=part.text("owner"),
        message=_template(part, "message", part.text("message"), kind),
        link=_link(part, file, kind),
        to=(part if "to" in part.body else file).channels("to", channels),
        remind_after=timedelta(
            hours=part.number(
                "remind_after_hours",
                file.number("remind_after_hours", 24, least=1),
                least=1,
            )
        ),
    )


def _is_published(part: _Part, definitions: Mapping[str, Definition] | None) -> bool:
    """Whether there is a day of a rule's metric: a young shop has none of some."""
    if definitions is None:
        return False
    return bool(definitions[part.one_of("metric", definitions)].segment_types)


def _subject(
    part: _Part, kind: str, definitions: Mapping[str, Definition]
) -> tuple[Subject, str]:
    """Read what a rule watches, and the unit of its figure."""
    if kind == "metric":
        metric = _metric(part, definitions)
        return metric, metric.unit
    if kind == "exceptions":
        return _exceptions(part.part(kind)), "exceptions"
    measure = part.one_of(kind, subjects.WAREHOUSE)
    return Warehouse(measure), subjects.WAREHOUSE[measure]


def _metric(part: _Part, definitions: Mapping[str, Definition]) -> Metric:
    name = part.one_of("metric", definitions)
    definition = definitions[name]
    segment_type = part.one_of(
        "segment_type", {*definition.segment_types, subjects.ALL}, subjects.ALL
    )
    if segment_type == subjects.ALL:
        if "segment" in part.body and part.text("segment") != subjects.ALL:
            raise part.error(
                "segment",
                f"segment_type is all; name one of {_listed(definition.segment_types)}",
            )
        segment = subjects.ALL
    elif "segment" in part.body:
        segment = part.text("segment")
    else:
        raise part.error("segment", f"is missing; name a {segment_type}, or any")
    day = part.one_of("day", subjects.DAYS, "mature")
    if day == "mature" and definition.grain == "day of the clock":
        raise part.error(
            "day", f"{name} stands on the clock's own day; say day: latest"
        )
    over_days = part.whole("over_days", 1, most=366)
    if over_days > 1 and definition.unit not in RATIOS:
        raise part.error(
            "over_days", f"pools ratios; {name} is in {definition.unit}, leave it out"
        )
    is_ratio = definition.unit in (*RATIOS, "hours")
    if "least_denominator" in part.body and not is_ratio:
        raise part.error(
            "least_denominator",
            f"{name} has no denominator; from_at_least in the condition is for counts",
        )
    return Metric(
        name=name,
        unit=definition.unit,
        matures_after_days=definition.matures_after_days,
        segment_type=segment_type,
        segment=segment,
        day=day,
        over_days=over_days,
        least_denominator=part.number("least_denominator", 0),
    )


def _exceptions(part: _Part) -> Exceptions:
    part.keys((), ("name", "owner", "severity", "least_age_hours", "per"))
    events = [e for e in load_catalogue().events.values() if e.is_exception]
    known = {
        "name": {event.name for event in events},
        "owner": {event.exception_owner for event in events},
        "severity": subjects.SEVERITIES,
    }
    only = {
        column: part.one_of(word, known[word])
        for word, column in subjects.PER.items()
        if word in part.body
    }
    if not only:
        raise part.error("", "name an exception, an owner or a severity")
    per = part.one_of("per", subjects.PER) if "per" in part.body else None
    return Exceptions(
        only=only,
        least_age_hours=part.number("least_age_hours", 0),
        per=subjects.PER[per] if per else None,
    )


def _condition(part: _Part, subject: Subject, unit: str) -> Condition:
    if "condition" not in part.body:
        if isinstance(subject, Metric) or unit == "hours":
            raise part.error("condition", "is missing; such as {above: 10}")
        return SOMETHING
    body = part.part("condition")
    is_metric = isinstance(subject, Metric)
    body.keys((), (*LIMITS, *((*CHANGES, *OF_CHANGES) * is_metric)))
    limits = {word: _figure(body, word, unit) for word in LIMITS if word in body.body}
    changes = {word: _change(body, word) for word in CHANGES if word in body.body}
    if not limits and not changes:
        raise body.error("", "says nothing; such as {above: 10}")
    for word in OF_CHANGES:
        if word in body.body and not changes:
            raise body.error(word, "is about a change; add rises_by or falls_by")
    by_chance = _figure(body, "by_chance", "share", default=DEFAULT_CHANCE)
    if not 0 < by_chance <= EVEN_CHANCE:
        raise body.error("by_chance", "expected a share above 0, at most 50 %")
    return Condition(
        limits=limits,
        changes=changes,
        weeks=body.whole("weeks", DEFAULT_WEEKS, most=MOST_WEEKS),
        from_at_least=_figure(body, "from_at_least", unit, default=0.0),
        by_chance=by_chance,
    )


def _figure(body: _Part, key: str, unit: str, default: float | None = None) -> float:
    """Read a limit in a unit; a share may be written as a percentage."""
    value = body.body.get(key, default)
    if isinstance(value, str) and (found := PERCENT.fullmatch(value.strip())):
        if unit != "share":
            raise body.error(key, f"is in {unit}; write a number without %")
        return float(found[1]) / 100
    number = body.number(key, 0.0 if default is None else default)
    if unit == "share" and number > 1:
        raise body.error(
            key, f"a share runs from 0 to 1; write {number / 100:g} or {number:g} %"
        )
    return number


def _change(body: _Part, key: str) -> float:
    """Read a change as a share of what was before."""
    share = _figure(body, key, "share" if isinstance(body.body[key], str) else "")
    if share <= 0 or (key == "falls_by" and share > 1):
        raise body.error(key, "expected a share above 0, such as 50 %")
    return share


def _template(part: _Part, field: str, text: str, kind: str) -> Template:
    try:
        return messages.template(text, messages.NAMES[kind])
    except TemplateError as error:
        raise part.error(field, str(error)) from error


def _link(part: _Part, file: _Part, kind: str) -> Template | None:
    if "link" not in part.body:
        return None
    text = part.text("link")
    if text.startswith("/"):
        pages = file.text("pages")
        if not pages.startswith(("http://", "https://")):
            raise file.error("pages", "expected an address, such as https://host")
        text = pages.rstrip("/").replace("{", "{{").replace("}", "}}") + text
    if not text.startswith(("http://", "https://")) or set(text) & set('<>|" \n'):
        raise part.error("link", "expected /page or an address that begins with http")
    return _template(part, "link", text, kind)


def _channel(listed: _Part, name: str) -> ChannelSettings:
    # what stands here by mistake may be a secret: it is not repeated
    if not isinstance(listed.body[name], dict):
        raise listed.error(name, "expected a kind and its settings")
    part = listed.part(name)
    kind = part.one_of("kind", CHANNEL_KEYS)
    required, optional = CHANNEL_KEYS[kind]
    for secret in ("url", "user", "password", "authorization"):
        if secret in part.body:
            raise part.error(
                secret,
                f"secrets do not stand here; say {secret}_from and the name of the "
                "environment variable that holds it",
            )
    part.keys(("kind", *required), optional)
    settings: dict[str, Any] = {}
    for key in {*required, *optional} & set(part.body):
        if key.endswith("_from"):
            if VARIABLE.fullmatch(str(part.body[key])) is None:
                raise part.error(
                    key, "name an environment variable, such as POSTORDER_SLACK_URL"
                )
            settings[key] = part.body[key]
    if kind == "smtp":
        settings |= _mail_settings(part)
    return ChannelSettings(name, kind, settings)


def _mail_settings(part: _Part) -> dict[str, Any]:
    security = part.one_of("security", SECURITY, "starttls")
    if ("user_from" in part.body) != ("password_from" in part.body):
        raise part.error("user_from", "goes with password_from; give both or neither")
    if "password_from" in part.body and security == "none":
        raise part.error(
            "security", "a password is not sent in the clear; use starttls"
        )
    addresses = (part.text("sender"), *part.texts("recipients"))
    for address in addresses:
        if "@" not in address or any(c.isspace() or c in ",;<>" for c in address):
            raise part.error("recipients", f"{address!r} is not one bare address")
    return {
        "host": part.text("host"),
        "port": part.whole("port", 465 if security == "tls" else 587, most=65535),
        "security": security,
        "sender": addresses[0],
        "recipients": addresses[1:],
    }


class _StrictLoader(yaml.SafeLoader):
    """A YAML loader that refuses a key given twice."""


def _strict_mapping(
    loader: yaml.SafeLoader, node: yaml.MappingNode
) -> dict[Hashable, Any]:
    seen: set[Hashable] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)  # type: ignore[no-untyped-call]
        if key in seen:
            line = key_node.start_mark.line + 1
            raise RulesError(f"line {line}: {key!r} is given twice; keep one")
        seen.add(key)
    return yaml.constructor.SafeConstructor.construct_mapping(loader, node, deep=True)


_StrictLoader.add_constructor(
    yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _strict_mapping
)


def _load(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        return yaml.load(text, _StrictLoader)  # noqa: S506 - a SafeLoader
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or "a character that YAML has not"
        raise RulesError(f"{path}: {place}not YAML as it stands: {problem}") from error
    except RulesError as error:
        raise RulesError(f"{path}: {error}") from error


def _joined(place: str, key: str) -> str:
    return f"{place}, {key}" if place else key


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _shown(value: Any) -> str:
    return "nothing" if value is None else repr(value)
