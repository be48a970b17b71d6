"""The event catalogue as frozen objects, read strictly from ``catalogue.yml``.

A misspelled attribute or a name that points nowhere stops the load with its place in
the file: everything downstream is generated from these objects and could not tell.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import available_timezones

import yaml

from ingestion.contract.soundness import faults

CATALOGUE_FILE: Final = Path(__file__).with_name("catalogue.yml")

_DUCKDB_TYPES: Final = {
    "string": "varchar",
    "boolean": "boolean",
    "integer": "bigint",
    "number": "double",
    "array": "varchar",
}
_FORMAT_TYPES: Final = {"offset-date-time": "timestamptz", "calendar-date": "date"}
_DLT_TYPES: Final = {
    "varchar": "text",
    "boolean": "bool",
    "bigint": "bigint",
    "double": "double",
    "timestamptz": "timestamp",
    "date": "date",
}
RULE_KINDS: Final = frozenset(
    {
        "flat",
        "suffix_needs_field",
        "field_needs_field",
        "not_future",
        "line_needs_field",
        "line_ids_unique",
        "not_after",
        "not_above",
        "below",
        "differ",
        "all_true",
    }
)


class CatalogueError(ValueError):
    """The catalogue contradicts itself; the message names the place and the fault."""


@dataclass(frozen=True)
class FieldType:
    """How values of one field type are checked and stored.

    Attributes:
        json: JSON type a value must have: string, boolean, integer, number, array.
        minimum, maximum: Inclusive bounds of numbers, where there are any.
        min_length, max_length: Bounds of a string's length, in characters.
        pattern: Regular expression a string must match.
        format: Named form a string must have, such as ``offset-date-time``.
        forbidden: The one number that is not allowed.
        duckdb: Type of the raw column.
    """

    name: str
    json: str
    minimum: int | None = None
    maximum: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    format: str | None = None
    forbidden: int | None = None

    @property
    def duckdb(self) -> str:
        """Type of a column that holds it, in DuckDB's words."""
        return _FORMAT_TYPES.get(self.format or "", _DUCKDB_TYPES[self.json])

    @property
    def dlt(self) -> str:
        """Type of a column that holds it, in dlt's words."""
        return _DLT_TYPES[self.duckdb]

    @property
    def is_money(self) -> bool:
        """Whether it counts minor units of a currency."""
        return self.name.startswith("money")


@dataclass(frozen=True)
class Field:
    """One field of the catalogue; the same wherever its name appears."""

    name: str
    type: FieldType
    pii: str
    description: str
    values: tuple[str, ...] | None = None
    taxonomy: str | None = None
    on_unknown: str | None = None
    default: str | int | bool | None = None


@dataclass(frozen=True)
class Event:
    """One kind of fact: what it must and may carry, and who acts on it.

    Attributes:
        sentence: What it says in a timeline: ``{field}`` is a value, ``{amount:x}`` is
            ``x_minor`` with its currency, ``{units:x}`` counts units, and ``[...]`` is
            left out unless everything in it is known.
        resolved_by: Of an exception, the field two events share -> the events that
            undo it; nothing can where it is empty.
        is_about_money: Whether the exception outlives the order's end.
        next_action: What the exception's owner does about it.
    """

    name: str
    domain: str
    group: str
    grain: str
    description: str
    sentence: str
    owner: str
    consumers: tuple[str, ...]
    required: tuple[str, ...]
    optional: tuple[str, ...]
    taxonomy: Mapping[str, str]
    semantic_key: tuple[str, ...]
    allowed_predecessors: tuple[str, ...]
    rank: int
    origin: str
    is_exception: bool
    exception_severity: str | None
    exception_owner: str | None
    resolved_by: Mapping[str, tuple[str, ...]]
    is_about_money: bool
    next_action: str | None
    is_customer_visible: bool


@dataclass(frozen=True)
class FieldAlias:
    """An input key that stands for a field on some events (``None``: on all)."""

    key: str
    field: str
    transform: str
    events: frozenset[str] | None
    on_conflict: str


@dataclass(frozen=True)
class DerivedId:
    """An id made from other fields where a source sends none."""

    field: str
    inputs: tuple[str, ...]
    prefix: str
    groups: frozenset[str]


@dataclass(frozen=True)
class Rule:
    """A check across fields; ``options`` holds what its kind needs."""

    id: str
    kind: str
    code: str
    description: str
    events: frozenset[str] | None
    options: Mapping[str, Any]

    def concerns(self, event_name: str) -> bool:
        """Say whether the rule applies to an event."""
        return self.events is None or event_name in self.events


@dataclass(frozen=True)
class Source:
    """What a source declares about the lines it sends."""

    time_zone: str | None = None
    currency: str | None = None


@dataclass(frozen=True)
class RawColumn:
    """One declared column of a raw table."""

    name: str
    duckdb: str
    dlt: str


@dataclass(frozen=True)
class Catalogue:
    """Everything the contract says, with the lookups that judge and models need."""

    version: int
    supported_event_versions: tuple[int, ...]
    conventions: Mapping[str, Any]
    domains: Mapping[str, str]
    groups: Mapping[str, str]
    teams: Mapping[str, str]
    audiences: Mapping[str, str]
    entities: Mapping[str, tuple[str, ...]]
    types: Mapping[str, FieldType]
    line_required: tuple[str, ...]
    line_optional: tuple[str, ...]
    currency_digits: Mapping[str, int]
    envelope_required: tuple[str, ...]
    envelope_optional: tuple[str, ...]
    stamped_at_landing: tuple[str, ...]
    fields: Mapping[str, Field]
    personal_inputs: Mapping[str, str | None]
    forbidden_inputs: tuple[str, ...]
    taxonomies: Mapping[str, Mapping[str, Mapping[str, Any]]]
    event_aliases: Mapping[str, str]
    field_aliases: tuple[FieldAlias, ...]
    value_aliases: Mapping[str, Mapping[str, str]]
    derived_ids: tuple[DerivedId, ...]
    sources: Mapping[str, Source]
    rules: tuple[Rule, ...]
    rejections: Mapping[str, str]
    fixes: Mapping[str, str]
    events: Mapping[str, Event]
    state_machines: Mapping[str, Mapping[str, Any]]

    @property
    def envelope(self) -> tuple[str, ...]:
        """Fields that any event may carry."""
        return self.envelope_required + self.envelope_optional

    @property
    def line_fields(self) -> tuple[str, ...]:
        """Fields of one element of ``lines``."""
        return self.line_required + self.line_optional

    @property
    def clock_skew_minutes(self) -> int:
        """How far ahead of landing a fact may lie, in minutes."""
        return int(self.conventions["clock_skew_minutes"])

    @property
    def currencies_by_digits(self) -> Mapping[int, tuple[str, ...]]:
        """Digits of the minor unit, ascending -> currencies that have so many."""
        return {
            digits: tuple(c for c, d in self.currency_digits.items() if d == digits)
            for digits in sorted(set(self.currency_digits.values()))
        }

    @cached_property
    def rejection_ranks(self) -> Mapping[str, int]:
        """Reason code -> its place; of several faults the smallest is reported."""
        return {code: rank for rank, code in enumerate(self.rejections)}

    def events_of(self, domain: str) -> tuple[Event, ...]:
        """Events of one domain, in catalogue order."""
        return tuple(e for e in self.events.values() if e.domain == domain)

    def required(self, event_name: str) -> tuple[str, ...]:
        """Fields that must be on the event, envelope included."""
        event = self.events[event_name]
        return tuple(dict.fromkeys(self.envelope_required + event.required))

    def allowed(self, event_name: str) -> tuple[str, ...]:
        """Fields the event may carry, envelope first."""
        event = self.events[event_name]
        return tuple(dict.fromkeys(self.envelope + event.required + event.optional))

    def taxonomy_of(self, field: str, event_name: str) -> str | None:
        """Name of the reason list of a field on an event, where it has one."""
        taxonomy = self.fields[field].taxonomy
        if taxonomy == "per_event":
            return self.events[event_name].taxonomy.get(field)
        return taxonomy

    def enum_values(self, field: str, event_name: str) -> tuple[str, ...] | None:
        """Return the closed list of a field on an event, ``None`` where it is open."""
        taxonomy = self.taxonomy_of(field, event_name)
        if taxonomy is not None:
            return tuple(self.taxonomies[taxonomy])
        return self.fields[field].values

    def synonyms(self, field: str, event_name: str) -> Mapping[str, str]:
        """Input spelling -> listed value, for a field on an event."""
        found = dict(self.value_aliases.get(field, {}))
        taxonomy = self.taxonomy_of(field, event_name)
        if taxonomy is not None:
            for code, body in self.taxonomies[taxonomy].items():
                found.update(dict.fromkeys(body.get("synonyms", ()), code))
        return found

    @property
    def event_views(self) -> dict[str, str]:
        """Domain -> the view of its raw rows."""
        return {name: f"{name.removesuffix('s')}_events" for name in self.domains}

    def domain_fields(self, domain: str) -> tuple[RawColumn, ...]:
        """Return the field columns of a domain's raw table, in catalogue order."""
        carried = {
            name
            for event in self.events_of(domain)
            for name in self.allowed(event.name)
        }
        return tuple(
            RawColumn(field.name, field.type.duckdb, field.type.dlt)
            for field in self.fields.values()
            if field.name in carried
        )

    def with_sources(self, declared: Mapping[str, Mapping[str, str]]) -> Catalogue:
        """Return a copy that also knows what further sources declare.

        Args:
            declared: Source name -> ``time_zone`` and ``currency``, either optional.

        Raises:
            CatalogueError: A declaration has another key, zone or currency.
        """
        added = {
            name: _source(name, body, self.currency_digits)
            for name, body in declared.items()
        }
        return replace(self, sources=MappingProxyType({**self.sources, **added}))


def load_catalogue(path: Path = CATALOGUE_FILE) -> Catalogue:
    """Read and check the catalogue.

    Raises:
        CatalogueError: A key is given twice, missing, unknown, or points nowhere.
    """
    try:
        tree = yaml.load(path.read_text(encoding="utf-8"), _StrictLoader)  # noqa: S506
    except yaml.YAMLError as error:
        raise CatalogueError(f"{path.name}: {error}") from error
    return catalogue_of(tree)


def catalogue_of(tree: Mapping[str, Any]) -> Catalogue:
    """Build the catalogue from its parsed tree.

    Raises:
        CatalogueError: A key is missing, unknown, or points nowhere.
    """
    _exactly("the catalogue", tree, _SECTIONS)
    head, envelope, aliases = tree["catalogue"], tree["envelope"], tree["aliases"]
    _exactly("aliases", aliases, {"event_names", "fields", "values", "derived_ids"})
    digits = {
        code: int(key.removeprefix("digits_"))
        for key, codes in tree["currencies"].items()
        for code in codes
    }
    types = {name: _type(name, body) for name, body in tree["types"].items()}
    catalogue = Catalogue(
        version=head["version"],
        supported_event_versions=tuple(head["supported_event_versions"]),
        conventions=tree["conventions"],
        domains=tree["domains"],
        groups=tree["groups"],
        teams=tree["teams"],
        audiences=tree["audiences"],
        entities={grain: tuple(ids) for grain, ids in tree["entities"].items()},
        types=types,
        line_required=tuple(tree["line_item"]["required"]),
        line_optional=tuple(tree["line_item"]["optional"]),
        currency_digits=digits,
        envelope_required=tuple(envelope["required"]),
        envelope_optional=tuple(envelope["optional"]),
        stamped_at_landing=tuple(envelope["stamped_at_landing"]),
        fields={
            name: _field(name, body, types, tree["fields"], tree["taxonomies"])
            for name, body in tree["fields"].items()
        },
        personal_inputs={
            key: body["stored_as"] for key, body in tree["pii_inputs"].items()
        },
        forbidden_inputs=tuple(tree["forbidden_inputs"]),
        taxonomies={name: body["codes"] for name, body in tree["taxonomies"].items()},
        event_aliases=aliases["event_names"],
        field_aliases=tuple(_alias(body) for body in aliases["fields"]),
        value_aliases=aliases["values"],
        derived_ids=tuple(_derived_id(body) for body in aliases["derived_ids"]),
        sources={
            name: _source(name, body, digits) for name, body in tree["sources"].items()
        },
        rules=tuple(_rule(body) for body in tree["rules"]),
        rejections=_texts(tree["rejections"], "description"),
        fixes=_texts(tree["rejections"], "fix"),
        events=_events(tree["events"]),
        state_machines=tree["state_machines"],
    )
    if fault := next(faults(catalogue), None):
        raise CatalogueError(fault)
    return catalogue


_SECTIONS: Final = frozenset(
    {
        "catalogue",
        "conventions",
        "domains",
        "groups",
        "teams",
        "audiences",
        "entities",
        "types",
        "line_item",
        "currencies",
        "envelope",
        "fields",
        "pii_inputs",
        "forbidden_inputs",
        "taxonomies",
        "aliases",
        "sources",
        "rules",
        "rejections",
        "events",
        "state_machines",
    }
)
_EVENT_KEYS: Final = frozenset(
    {
        "name",
        "domain",
        "group",
        "grain",
        "description",
        "sentence",
        "owner",
        "consumers",
        "required",
        "optional",
        "semantic_key",
        "allowed_predecessors",
        "rank",
        "origin",
        "is_exception",
        "customer_visible",
    }
)
_EVENT_MAY_LACK: Final = frozenset(
    {
        "taxonomy",
        "exception_severity",
        "exception_owner",
        "resolved_by",
        "is_about_money",
        "next_action",
    }
)
_EXCEPTION_KEYS: Final = frozenset(
    {"exception_severity", "exception_owner", "resolved_by", "next_action"}
)
_TYPE_KEYS: Final = {
    "type": "json",
    "minimum": "minimum",
    "maximum": "maximum",
    "minLength": "min_length",
    "maxLength": "max_length",
    "pattern": "pattern",
    "format": "format",
}


class _StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A YAML loader that refuses a key given twice."""


def _strict_mapping(
    loader: yaml.SafeLoader, node: yaml.MappingNode, deep: bool = False
) -> dict[Hashable, Any]:
    seen: set[Hashable] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)  # type: ignore[no-untyped-call]
        if key in seen:
            line = key_node.start_mark.line + 1
            raise CatalogueError(f"line {line}: {key!r} is given twice; keep one")
        seen.add(key)
    return yaml.constructor.SafeConstructor.construct_mapping(loader, node, deep)


_StrictLoader.add_constructor(
    yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _strict_mapping
)


def _exactly(
    where: str,
    body: Mapping[str, Any],
    keys: Iterable[str],
    optional: Iterable[str] = (),
) -> None:
    needed, known = set(keys), set(keys) | set(optional)
    if missing := sorted(needed - set(body)):
        raise CatalogueError(f"{where}: {', '.join(missing)} missing")
    if unknown := sorted(set(body) - known):
        raise CatalogueError(
            f"{where}: unknown {', '.join(unknown)}; "
            f"known are {', '.join(sorted(known))}"
        )


def _type(name: str, body: Mapping[str, Any]) -> FieldType:
    _exactly(f"types.{name}", body, {"type"}, {*_TYPE_KEYS, "not", "minItems"})
    if body["type"] not in _DUCKDB_TYPES:
        raise CatalogueError(f"types.{name}: unknown JSON type {body['type']!r}")
    options: dict[str, Any] = {
        attribute: body.get(key) for key, attribute in _TYPE_KEYS.items()
    }
    return FieldType(name=name, forbidden=body.get("not", {}).get("const"), **options)


def _field(
    name: str,
    body: Mapping[str, Any],
    types: Mapping[str, FieldType],
    fields: Mapping[str, Any],
    taxonomies: Mapping[str, Any],
) -> Field:
    where = f"fields.{name}"
    _exactly(
        where,
        body,
        {"type", "pii", "description"},
        {"values", "values_of", "taxonomy", "on_unknown", "default"},
    )
    if body["type"] not in types:
        raise CatalogueError(f"{where}: unknown type {body['type']!r}")
    values, taxonomy = body.get("values"), body.get("taxonomy")
    if "values_of" in body:
        values = fields.get(body["values_of"], {}).get("values")
    if taxonomy not in (None, "per_event") and taxonomy not in taxonomies:
        raise CatalogueError(f"{where}: unknown taxonomy {taxonomy!r}")
    if body["type"] == "enum":
        if (values is None) == (taxonomy is None):
            raise CatalogueError(f"{where}: give one of values, values_of, taxonomy")
        listed = values or taxonomies.get(str(taxonomy), {}).get("codes")
        if listed and body.get("on_unknown") not in {*listed, "reject"}:
            raise CatalogueError(f"{where}: on_unknown is not a value of its list")
    return Field(
        name=name,
        type=types[body["type"]],
        pii=body["pii"],
        description=body["description"],
        values=None if values is None else tuple(values),
        taxonomy=taxonomy,
        on_unknown=body.get("on_unknown"),
        default=body.get("default"),
    )


def _events(bodies: Iterable[Mapping[str, Any]]) -> Mapping[str, Event]:
    events: dict[str, Event] = {}
    for body in bodies:
        name = body.get("name", "event without a name")
        if name in events:
            raise CatalogueError(f"events.{name}: defined more than once")
        _exactly(f"events.{name}", body, _EVENT_KEYS, _EVENT_MAY_LACK)
        if body["is_exception"]:
            _exactly(f"events.{name}", body, _EVENT_KEYS | _EXCEPTION_KEYS, body)
        elif excess := sorted({*_EXCEPTION_KEYS, "is_about_money"} & set(body)):
            raise CatalogueError(f"events.{name}: {excess[0]} is of exceptions only")
        events[name] = Event(
            name=name,
            domain=body["domain"],
            group=body["group"],
            grain=body["grain"],
            description=body["description"],
            sentence=body["sentence"],
            owner=body["owner"],
            consumers=tuple(body["consumers"]),
            required=tuple(body["required"]),
            optional=tuple(body["optional"]),
            taxonomy=body.get("taxonomy", {}),
            semantic_key=tuple(body["semantic_key"]),
            allowed_predecessors=tuple(body["allowed_predecessors"]),
            rank=body["rank"],
            origin=body["origin"],
            is_exception=body["is_exception"],
            exception_severity=body.get("exception_severity"),
            exception_owner=body.get("exception_owner"),
            resolved_by={
                field: tuple(names)
                for field, names in body.get("resolved_by", {}).items()
            },
            is_about_money=body.get("is_about_money", False),
            next_action=body.get("next_action"),
            is_customer_visible=body["customer_visible"],
        )
    return events


def _alias(body: Mapping[str, Any]) -> FieldAlias:
    where = f"aliases.fields.{body.get('from')}"
    _exactly(where, body, {"from", "to", "transform", "events", "on_conflict"})
    if body["transform"] not in {"copy", "major_to_minor"}:
        raise CatalogueError(f"{where}: unknown transform {body['transform']!r}")
    if body["on_conflict"] not in {"reject", "keep_extra"}:
        raise CatalogueError(f"{where}: unknown on_conflict {body['on_conflict']!r}")
    return FieldAlias(
        key=body["from"],
        field=body["to"],
        transform=body["transform"],
        events=_event_set(body["events"]),
        on_conflict=body["on_conflict"],
    )


def _derived_id(body: Mapping[str, Any]) -> DerivedId:
    where = f"aliases.derived_ids.{body.get('field')}"
    _exactly(where, body, {"field", "from", "prefix", "events_in_group"})
    return DerivedId(
        field=body["field"],
        inputs=tuple(body["from"]),
        prefix=body["prefix"],
        groups=frozenset(body["events_in_group"]),
    )


def _rule(body: Mapping[str, Any]) -> Rule:
    where = f"rules.{body.get('id')}"
    if body.get("kind") not in RULE_KINDS:
        raise CatalogueError(f"{where}: unknown kind {body.get('kind')!r}")
    fixed = ("id", "kind", "code", "description", "events")
    options = {key: value for key, value in body.items() if key not in fixed}
    _exactly(
        where,
        body,
        fixed,
        {
            "field",
            "if_field",
            "first",
            "second",
            "unless",
            "fields",
            "suffix",
            "except",
        },
    )
    return Rule(
        id=body["id"],
        kind=body["kind"],
        code=body["code"],
        description=body["description"],
        events=_event_set(body["events"]),
        options=options,
    )


def _texts(rejections: Mapping[str, Mapping[str, str]], key: str) -> Mapping[str, str]:
    """Return one text of each reason: what is wrong, or how it is mended."""
    for code, body in rejections.items():
        _exactly(f"rejections.{code}", body, {"description", "fix"})
    return {code: body[key] for code, body in rejections.items()}


def _event_set(events: str | list[str]) -> frozenset[str] | None:
    return None if events == "all" else frozenset(events)


def _source(name: str, body: Mapping[str, str], digits: Mapping[str, int]) -> Source:
    _exactly(f"sources.{name}", body, (), {"time_zone", "currency"})
    zone, currency = body.get("time_zone"), body.get("currency")
    if zone is not None and zone not in available_timezones():
        raise CatalogueError(f"sources.{name}: {zone!r} is not an IANA time zone")
    if currency is not None and currency not in digits:
        raise CatalogueError(f"sources.{name}: {currency!r} is not an ISO 4217 code")
    return Source(time_zone=zone, currency=currency)
