"""What values decide: the typed columns of one event group, and what is wrong in them.

Everything here writes SQL for the keys that a batch really carries. A fault is a small
number, its reason's rank and its field's place in the alphabet, so that the first
reason of a line is the least of its faults.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ingestion.contract.catalogue import Catalogue, Event, Field, FieldAlias, Rule
from ingestion.judge import text
from ingestion.judge.personal import is_plain, keyed_hash_sql

FIELDS_PER_RANK: Final = 1000


@dataclass(frozen=True)
class Batch:
    """What the lines of one event group carry in one batch.

    Attributes:
        group: Event group.
        sent: Keys sent, as they are spelled in the lines.
        carried: Fields present after renaming, defaults and derivation.
        has_zones: Some source here declares a time zone.
        has_wrong_types: Some line here has a value of the wrong JSON type.
        has_extras: Some line here has a key that no column holds.
        has_escapes: Some line here has a backslash, so that a value may need one.
        unicode_kinds: Direct identifiers that SQL alone cannot hash here.
    """

    group: str
    sent: frozenset[str]
    carried: frozenset[str]
    has_zones: bool
    has_wrong_types: bool
    has_extras: bool
    has_escapes: bool
    unicode_kinds: frozenset[str]

    def __or__(self, other: Batch) -> Batch:
        """Return a batch with what either carries: one statement serves both."""
        return Batch(
            group=self.group,
            sent=self.sent | other.sent,
            carried=self.carried | other.carried,
            has_zones=self.has_zones or other.has_zones,
            has_wrong_types=self.has_wrong_types or other.has_wrong_types,
            has_extras=self.has_extras or other.has_extras,
            has_escapes=self.has_escapes or other.has_escapes,
            unicode_kinds=self.unicode_kinds | other.unicode_kinds,
        )


@dataclass(frozen=True)
class Fault:
    """A condition in SQL under which a line breaks the contract, and how.

    Attributes:
        condition: When it does.
        code: The reason.
        field: Where.
        screen: A condition that costs less and holds wherever that does, and only in
            lines that break the contract in some way.
    """

    condition: str
    code: str
    field: str
    screen: str = ""


def fault_fields(catalogue: Catalogue) -> list[str]:
    """Return every name a value's fault may stand under, in alphabetical order."""
    return sorted({*catalogue.fields, *(a.key for a in catalogue.field_aliases)})


class GroupSql:
    """Writes the judging of one event group's values as one ``select``."""

    def __init__(
        self,
        catalogue: Catalogue,
        batch: Batch,
        *,
        hash_key: str,
        landed_at: datetime,
        is_backfill: bool,
    ) -> None:
        """Bind the writer to a batch; the rest are terms of the landing."""
        self._catalogue = catalogue
        self._batch = batch
        self._hash_key = hash_key
        self._landed_at = f"timestamptz {text.quoted(landed_at.isoformat())}"
        self._is_backfill = is_backfill
        self._ordinals = {name: n for n, name in enumerate(fault_fields(catalogue))}
        self._events = [
            event for event in catalogue.events.values() if event.group == batch.group
        ]
        domain = self._events[0].domain
        stored = {column.name for column in catalogue.domain_fields(domain)}
        self._fields = [
            field
            for field in catalogue.fields.values()
            if field.name in batch.carried and field.name != "event_name"
        ]
        self._stored = [field for field in self._fields if field.name in stored]

    def select(self) -> str:
        """Return the statement: one row per line, typed, with ``is_faulty``."""
        return f"""
with

{self._mapped_from("fresh_lines")},

checked as (

    select
        *,
        {self._identity()} as identity,
        {self._is_faulty()} as is_faulty
    from mapped

)

{self._finished()}
"""

    def faults(self, rows: str) -> str:
        """Return the statement of the least fault of each line.

        Args:
            rows: Table with the ``row_id`` of each line of the group that has one.
        """
        return f"""
with

suspected as (

    select * from fresh_lines semi join {rows} using (row_id)

),

{self._mapped_from("suspected")}

select
    row_id,
    shape_rank,
    shape_code,
    shape_field,
    {self._least_fault()} as value_fault
from mapped
"""

    def _mapped_from(self, lines: str) -> str:
        return f"""
parsed as ({self._parsed(lines)}),

said as ({self._said()}),

identified as ({self._identified()}),

mapped as ({self._mapped()})"""

    def _parsed(self, lines: str) -> str:
        batch = self._batch
        spec = {key: self._parsed_type(key) for key in sorted(batch.sent)}
        line = "line"
        if batch.has_wrong_types:
            line = (
                "case when wrong_types is null then line "
                "else json_merge_patch(line, wrong_types) end"
            )
        extra = "cast(null as varchar)"
        if batch.has_extras:
            extra = "cast(json_merge_patch(line, not_extra) as varchar)"
        struct = text.quoted(json.dumps(spec))
        return f"""
    select
        row_id,
        file_number,
        line_number,
        hash_1,
        hash_2,
        event_name,
        source as said_source,
        identity_head,
        is_odd_source,
        strlen(line) > {_LONG} as is_long,
        used_currency,
        declared_currency,
        declared_zone,
        wrong_types is not null as has_wrong_types,
        rank as shape_rank,
        code as shape_code,
        field as shape_field,
        {extra} as extra,
        from_json({line}, {struct}) as sent
    from {lines}
    inner join batch_shapes using (shape)
    anti join refused_lines using (row_id)
    where event_group = {text.quoted(batch.group)}
"""

    def _parsed_type(self, key: str) -> str:
        alias = next((a for a in self._catalogue.field_aliases if a.key == key), None)
        if key not in self._catalogue.fields and alias is None:
            return "VARCHAR"
        if alias is not None and alias.transform == "major_to_minor":
            return "VARCHAR"
        field = self._catalogue.fields[key if alias is None else alias.field]
        return {"integer": "HUGEINT", "number": "DOUBLE", "boolean": "BOOLEAN"}.get(
            field.type.json, "VARCHAR"
        )

    def _said(self) -> str:
        columns = [
            f"{self._told(field)} as {_said(field.name)}"
            for field in self._fields
            if field.name != "source"
        ]
        columns += [
            f"{self._coalesced(self._terms(field))} is not null as {_is_told(field)}"
            for field in self._fields
            if self._keeps_silent(field)
        ]
        aliases = [
            f"{_sent(alias.key)} as {_alias(alias.key)}" for alias in self._aliases()
        ]
        return f"""
    select
        * exclude (sent),
        {_lines(columns + aliases, "true as is_parsed")}
    from parsed
"""

    def _told(self, field: Field) -> str:
        """Say where a field's value comes from: its own key first, its default last."""
        terms = self._terms(field)
        if field.default is not None:
            among = [e.name for e in self._events if self._allows(e, field.name)]
            terms.append(self._on(frozenset(among), text.literal(field.default)))
        if not terms:
            return f"cast(null as {_said_type(field)})"
        return self._coalesced(terms)

    def _coalesced(self, terms: list[str]) -> str:
        return f"coalesce({', '.join(terms)})" if len(terms) > 1 else terms[0]

    def _terms(self, field: Field) -> list[str]:
        """List what in a line may tell a field's value."""
        catalogue, terms = self._catalogue, []
        if field.name in self._batch.sent:
            terms.append(_sent(field.name))
        for kind, stored_as in catalogue.personal_inputs.items():
            if stored_as == field.name and kind in self._batch.sent:
                terms.append(self._hashed(kind))
        for alias in self._aliases():
            if alias.field == field.name:
                value = _sent(alias.key)
                if alias.transform == "major_to_minor":
                    value = f"({_minor_units(value, self._digits(self._currency()))})"
                terms.append(self._on(alias.events, value))
        if field.name == "currency":
            terms.append("used_currency")
        return terms

    def _is_default(self, field: Field) -> bool:
        """Say whether a field holds its default in every line; no row repeats that."""
        return (
            field.default is not None
            and field.name not in self._batch.sent
            and field.name not in (alias.field for alias in self._aliases())
        )

    def _keeps_silent(self, field: Field) -> bool:
        """Say whether a field has a default that only some lines leave to the view."""
        return field.default is not None and not self._is_default(field)

    def _stored_value(self, field: Field) -> str:
        value = text.name(field.name)
        if self._keeps_silent(field):
            return f"case when {_is_told(field)} then {value} end as {value}"
        return value

    def _allows(self, event: Event, field: str) -> bool:
        return field in self._catalogue.allowed(event.name)

    def _aliases(self) -> list[FieldAlias]:
        names = {event.name for event in self._events}
        return [
            alias
            for alias in self._catalogue.field_aliases
            if alias.key in self._batch.sent
            and (alias.events is None or alias.events & names)
        ]

    def _currency(self) -> str:
        own = [_sent("currency")] if "currency" in self._batch.sent else []
        return f"coalesce({', '.join([*own, 'declared_currency'])})"

    def _digits(self, currency: str) -> str:
        """Say how many decimals a currency has; two where the code is unknown."""
        cases = " ".join(
            f"when {currency} in ({text.listed(codes)}) then {digits}"
            for digits, codes in self._currencies().items()
            if digits != _USUAL_DIGITS
        )
        return f"case {cases} else {_USUAL_DIGITS} end"

    def _currencies(self) -> dict[int, list[str]]:
        codes: dict[int, list[str]] = {}
        for code, digits in self._catalogue.currency_digits.items():
            codes.setdefault(digits, []).append(code)
        return codes

    def _hashed(self, kind: str) -> str:
        value = _sent(kind)
        hashed = keyed_hash_sql(kind, value, key=self._hash_key)
        if kind in self._batch.unicode_kinds:
            hashed = (
                f"case when {is_plain(value)} then {hashed} else ("
                "select any_value(unicode_hashes.hash) from unicode_hashes "
                f"where unicode_hashes.kind = {text.quoted(kind)} "
                f"and unicode_hashes.value = {value}) end"
            )
        return f"case when regexp_matches({value}, '[^\\s]') then {hashed} end"

    def _on(self, events: Iterable[str] | None, value: str) -> str:
        """Limit a value to some events of the group."""
        names = [event.name for event in self._events]
        chosen = names if events is None else sorted(set(events) & set(names))
        if len(chosen) == len(names):
            return value
        if not chosen:
            return "null"
        return f"case when event_name in ({text.listed(chosen)}) then {value} end"

    def _identified(self) -> str:
        replaced = [
            f"coalesce({_said(derived.field)}, case when "
            + " and ".join(
                f"{_said(i)} is not null" for i in (*derived.inputs, "source")
            )
            + f" then {text.quoted(derived.prefix)} || left(sha256("
            + text.python_escapes(
                _json_array(
                    [text.json_text(_said(i)) for i in ("source", *derived.inputs)]
                )
            )
            + f"), 24) end) as {_said(derived.field)}"
            for derived in self._catalogue.derived_ids
            if self._batch.group in derived.groups
            and {derived.field, *derived.inputs} <= self._batch.carried
        ]
        if not replaced:
            return "select * from said"
        return f"select * replace ({', '.join(replaced)}) from said"

    def _mapped(self) -> str:
        columns = [f"{self._value(f)} as {text.name(f.name)}" for f in self._fields]
        items = []
        if "lines" in self._batch.carried:
            items.append(f"from_json(said_lines, {self._item_spec()}) as line_items")
        return f"""
    select
        *,
        {_lines(columns + items, "true as is_mapped")}
    from identified
"""

    def _value(self, field: Field) -> str:
        said, kind = _said(field.name), field.type
        if kind.name == "enum":
            return self._enum_value(field)
        if kind.format == "offset-date-time":
            if not self._batch.has_zones:
                return text.instant(said)
            naive = text.local_instant(said, "declared_zone")
            return (
                f"case when {self._is_naive(said)} and declared_zone is not null "
                f"then {naive} else {text.instant(said)} end"
            )
        if kind.format == "calendar-date":
            return (
                f"case when regexp_full_match({said}, '\\d{{4}}-\\d{{2}}-\\d{{2}}') "
                f"and {said}[1:4] <> '0000' then try_cast({said} as date) end"
            )
        if kind.json == "integer":
            return f"try_cast({said} as bigint)"
        if kind.json == "array":
            return self._safe_lines(said)
        return said

    def _safe_lines(self, said: str) -> str:
        """Keep ``lines`` as sent, but for keys that no table may hold."""
        hidden = "|".join(
            (*self._catalogue.personal_inputs, *self._catalogue.forbidden_inputs)
        )
        return (
            f"case when regexp_matches({said}, '(?i)\"\\s*({hidden})\\s*\"') "
            f"then cast(to_json(from_json({said}, {self._item_spec()})) as varchar) "
            f"else {said} end"
        )

    def _item_spec(self) -> str:
        item = {name: self._parsed_type(name) for name in self._catalogue.line_fields}
        return text.quoted(json.dumps([item]))

    def _item_fault(self) -> str:
        """Say when a value of some line is outside its bounds; types are known good."""
        checks = []
        for name in self._catalogue.line_fields:
            kind = self._catalogue.fields[name].type
            if kind.json == "string":
                low, high = kind.min_length, kind.max_length
                checks.append(f"length(item.{name}) not between {low} and {high}")
            else:
                low, high = kind.minimum, kind.maximum
                checks.append(f"item.{name} not between {low} and {high}")
        fault = " or ".join(f"coalesce({check}, false)" for check in checks)
        return f"len(list_filter(line_items, lambda item: {fault})) > 0"

    def _is_naive(self, said: str) -> str:
        return f"regexp_full_match({said}, '{text.NAIVE_TIME}')"

    def _enum_value(self, field: Field) -> str:
        said = _said(field.name)
        variants: dict[str, list[str]] = {}
        for event in self._events:
            values = self._catalogue.enum_values(field.name, event.name)
            synonyms = self._catalogue.synonyms(field.name, event.name)
            mapped = _enum_value(said, values, synonyms, field.on_unknown)
            variants.setdefault(mapped, []).append(event.name)
        if len(variants) == 1:
            return next(iter(variants))
        branches = " ".join(
            f"when event_name in ({text.listed(names)}) then {mapped}"
            for mapped, names in variants.items()
        )
        return f"case {branches} end"

    def _faults(self) -> list[Fault]:
        return sorted(
            (*self._value_faults(), *self._alias_faults(), *self._rule_faults()),
            key=lambda fault: (fault.field, self._number(fault)),
        )

    def _is_faulty(self) -> str:
        """Say whether anything is wrong; what it is costs more, and few lines need it.

        Under CASE each condition is asked only of the lines that all before it passed.
        """
        conditions = dict.fromkeys(
            (
                "shape_rank is not null",
                *(fault.screen or fault.condition for fault in self._faults()),
            )
        )
        anything = " or ".join(f"({condition})" for condition in conditions)
        return f"case when {anything} then true else false end"

    def _least_fault(self) -> str:
        by_field: dict[str, list[Fault]] = {}
        for fault in self._faults():
            by_field.setdefault(fault.field, []).append(fault)
        cases = [
            "case "
            + " ".join(f"when {f.condition} then {self._number(f)}" for f in found)
            + " end"
            for found in by_field.values()
        ]
        return f"least({', '.join(['cast(null as integer)', *cases])})"

    def _number(self, fault: Fault) -> int:
        rank = self._catalogue.rejection_ranks[fault.code]
        return rank * FIELDS_PER_RANK + self._ordinals[fault.field]

    def _value_faults(self) -> Iterator[Fault]:
        for field in self._fields:
            said, value = _said(field.name), text.name(field.name)
            for condition, code, *screen in self._type_faults(field, said, value):
                yield Fault(condition, code, field.name, *screen)
        if "event_version" in self._batch.carried:
            versions = ", ".join(map(str, self._catalogue.supported_event_versions))
            yield Fault(
                f"{_said('event_version')} not in ({versions})",
                "event_version_unsupported",
                "event_version",
            )
        for field in self._fields:
            if self._may_vanish(field.name):
                needing = [
                    e.name
                    for e in self._events
                    if field.name in self._catalogue.required(e.name)
                ]
                if needing:
                    yield Fault(
                        f"{_said(field.name)} is null and not has_wrong_types "
                        f"and event_name in ({text.listed(needing)})",
                        "field_missing",
                        field.name,
                    )

    def _may_vanish(self, field: str) -> bool:
        """Say whether a field may turn out absent although its key was sent."""
        return any(
            stored_as == field and kind in self._batch.sent
            for kind, stored_as in self._catalogue.personal_inputs.items()
        ) or any(
            alias.field == field and alias.transform == "major_to_minor"
            for alias in self._aliases()
        )

    def _type_faults(
        self, field: Field, said: str, value: str
    ) -> Iterator[tuple[str, ...]]:
        kind = field.type
        unread = f"{value} is null and {said} is not null"
        if kind.name == "enum":
            if field.on_unknown in (None, "reject"):
                yield unread, "enum_value"
        elif kind.format == "offset-date-time":
            homeless = f"({self._is_naive(said)} and declared_zone is null)"
            yield f"{unread} and not {homeless}", "timestamp_invalid", unread
            yield f"{unread} and {homeless}", "timestamp_missing_offset", unread
        elif kind.format == "calendar-date":
            yield unread, "timestamp_invalid"
        elif kind.format == "iso-4217":
            yield (
                f"try_cast({said} as contract_currency) is null and {said} is not null",
                "currency_unknown",
            )
        elif kind.format == "iana-time-zone":
            yield (
                f"{said} not in (select time_zone from time_zones)",
                "field_format",
            )
        elif kind.json == "array":
            is_faulty = f"line_items is not null and {self._item_fault()}"
            yield is_faulty, "line_item_invalid"
        if kind.max_length is not None:
            wrong = _wrong_length(said, kind.min_length, kind.max_length)
            screen = [self._any_wrong_length()] if _is_usual(field) else []
            yield wrong, "field_format", *screen
        if kind.pattern is not None:
            odd = f"not regexp_matches({said}, {text.pattern(kind.pattern)})"
            # a source belongs to the shape, where it was looked at once
            screen = ["is_odd_source"] if field.name == "source" else []
            yield odd, "field_format", *screen
        bounds = [
            f"{said} {sign} {bound}"
            for sign, bound in (("<", kind.minimum), (">", kind.maximum))
            if bound is not None
        ]
        if kind.forbidden is not None:
            bounds.append(f"{said} = {kind.forbidden}")
        if kind.json == "number":
            bounds.append(f"not isfinite({said})")
        if bounds:
            yield " or ".join(bounds), "number_out_of_range"

    def _any_wrong_length(self) -> str:
        """Say when any text of the usual bounds is too short or too long.

        Most lines are so short that none in them can be too long.
        """
        said = [_said(field.name) for field in self._fields if _is_usual(field)]
        shortest, longest = (
            f"{function}({', '.join(f'{length}({s})' for s in said)})"
            for function, length in (("least", "strlen"), ("greatest", "length"))
        )
        return f"{shortest} = 0 or (is_long and {longest} > {_LONG})"

    def _alias_faults(self) -> Iterator[Fault]:
        for alias in self._aliases():
            said = _alias(alias.key)
            here = self._here(alias.events)
            if alias.transform == "major_to_minor":
                currency = (
                    f"coalesce({_said('currency')}, declared_currency)"
                    if "currency" in self._batch.carried
                    else "declared_currency"
                )
                minor = f"({_minor_units(said, self._digits(currency))})"
                decimal = f"({_decimal(said)})"
                known = f"{here} and {said} is not null and {currency} is not null"
                yield Fault(f"{known} and {decimal} is null", "field_type", alias.key)
                yield Fault(
                    f"{known} and {decimal} is not null and {minor} is null",
                    "alias_precision",
                    alias.key,
                )
                differs = f"{minor} <> {_said(alias.field)}"
            elif _said_type(self._catalogue.fields[alias.field]) == "varchar":
                differs = (
                    f"{said} <> {_said(alias.field)} and {text.slug(said)} "
                    f"<> {text.slug(_said(alias.field))}"
                )
            else:
                differs = f"{said} <> {_said(alias.field)}"
            if alias.on_conflict == "reject" and alias.field in self._batch.carried:
                yield Fault(f"{here} and {differs}", "alias_conflict", alias.key)

    def _here(self, events: Iterable[str] | None) -> str:
        names = {event.name for event in self._events}
        if events is None or names <= set(events):
            return "true"
        return f"event_name in ({text.listed(sorted(names & set(events)))})"

    def _rule_faults(self) -> Iterator[Fault]:
        names = {event.name for event in self._events}
        for rule in self._catalogue.rules:
            if rule.events is not None and not rule.events & names:
                continue
            write = _RULES.get(rule.kind)
            if write is not None:
                for condition, field in write(self, rule):
                    here = self._here(rule.events)
                    yield Fault(f"{here} and {condition}", rule.code, field)

    def not_future(self, rule: Rule) -> Iterator[tuple[str, str]]:
        """Refuse a fact ahead of landing; in backfill also ahead of its report."""
        field = rule.options["field"]
        if field not in self._batch.carried:
            return
        now = self._landed_at
        if self._is_backfill and "observed_at" in self._batch.carried:
            now = f"least({now}, observed_at)"
        skew = self._catalogue.clock_skew_minutes
        # without a zone's calendar, which costs more than the rest
        skew_us = skew * 60 * 10**6
        yield f"epoch_us({text.name(field)}) > epoch_us({now}) + {skew_us}", field

    def in_order(self, rule: Rule) -> Iterator[tuple[str, str]]:
        """Refuse two values in a relation that the rule forbids."""
        first, second = rule.options["first"], rule.options["second"]
        if {first, second} <= self._batch.carried:
            sign = {"differ": "=", "below": ">="}.get(rule.kind, ">")
            yield f"{text.name(first)} {sign} {text.name(second)}", first

    def all_true(self, rule: Rule) -> Iterator[tuple[str, str]]:
        """Refuse a false flag among some, unless another flag excuses it."""
        unless = rule.options.get("unless")
        excuse = (
            f" and {text.name(unless)} is distinct from true"
            if unless in self._batch.carried
            else ""
        )
        for field in rule.options["fields"]:
            if field in self._batch.carried:
                # only the first false flag is told, in the rule's order
                earlier = "".join(
                    f" and {text.name(other)} is distinct from false"
                    for other in rule.options["fields"][
                        : rule.options["fields"].index(field)
                    ]
                    if other in self._batch.carried
                )
                yield f"not {text.name(field)}{earlier}{excuse}", field

    def line_ids_unique(self, rule: Rule) -> Iterator[tuple[str, str]]:
        """Refuse an event in which one line appears twice."""
        del rule
        if "lines" in self._batch.carried:
            ids = "list_transform(line_items, lambda item: item.order_line_id)"
            yield (
                "line_items is not null "
                f"and len(line_items) > len(list_distinct({ids}))",
                "lines",
            )

    def _finished(self) -> str:
        observed = (
            "coalesce(observed_at, occurred_at)"
            if "observed_at" in self._batch.carried
            else "occurred_at"
        )
        has_time = "occurred_at" in self._batch.carried
        ingested = (
            f"coalesce({observed}, {self._landed_at})"
            if self._is_backfill and has_time
            else self._landed_at
        )
        fact_key = f"sha256({text.python_escapes('identity')})"
        columns = ["event_name"]
        columns += [
            self._stored_value(field)
            for field in self._stored
            if field.name != "source_time_zone" and not self._is_default(field)
        ]
        if self._batch.has_zones or "source_time_zone" in self._batch.carried:
            columns.append(self._zone_used())
        return f"""
select
    row_id,
    file_number,
    line_number,
    hash_1,
    hash_2,
    is_faulty,
    {ingested} as ingested_at,
    {fact_key} as fact_key,
    {_lines(columns)},
    {self._raw_values()} as raw_values,
    extra
from checked
"""

    def _zone_used(self) -> str:
        sent = _said("source_time_zone")
        sent = sent if "source_time_zone" in self._batch.carried else "null"
        if not self._batch.has_zones:
            return f"{sent} as source_time_zone"
        naive = " or ".join(
            f"coalesce({self._is_naive(_said(f.name))}, false)"
            for f in self._fields
            if f.type.format == "offset-date-time"
        )
        used = f"declared_zone is not null and ({naive or 'false'})"
        return (
            f"case when {used} then declared_zone else {sent} end as source_time_zone"
        )

    def _raw_values(self) -> str:
        """Keep what a closed list or a declared zone replaced, as a JSON object."""
        parts = []
        for field in self._stored:
            said, value = _said(field.name), text.name(field.name)
            if self._is_default(field):
                continue
            if field.type.name == "enum":
                changed = f"{said} <> {value}"
            elif field.type.format == "offset-date-time" and self._batch.has_zones:
                changed = f"declared_zone is not null and {self._is_naive(said)}"
            else:
                continue
            parts.append((changed, f"'\"{field.name}\":' || {text.json_text(said)}"))
        if not parts:
            return "cast(null as varchar)"
        any_changed = " or ".join(f"({changed})" for changed, _ in parts)
        pairs = ", ".join(f"case when {c} then {pair} end" for c, pair in parts)
        return (
            f"case when {any_changed} then '{{' || concat_ws(',', {pairs}) || '}}' end"
        )

    def _json_text(self, value: str) -> str:
        """Write a value that was sent as JSON, escaped where the batch needs it."""
        if self._batch.has_escapes:
            return text.json_text(value)
        return f"'\"' || {value} || '\"'"

    def _identity(self) -> str:
        """Write the text whose hash is the fact key, per event of the group."""
        variants: dict[str, list[str]] = {}
        for event in self._events:
            parts = [self._key_part(field) for field in event.semantic_key]
            array = f"concat_ws(',', identity_head, {', '.join(parts)}) || ']'"
            variants.setdefault(array, []).append(event.name)
        if len(variants) == 1:
            return next(iter(variants))
        branches = " ".join(
            f"when event_name in ({text.listed(names)}) then {array}"
            for array, names in variants.items()
        )
        return f"case {branches} end"

    def _key_part(self, field: str) -> str:
        if field not in self._batch.carried:
            return "'null'"
        value, kind = text.name(field), self._catalogue.fields[field].type
        if kind.format == "offset-date-time":
            written = f"'\"' || {text.utc_text(value)} || '\"'"
        elif kind.json == "string":
            written = self._json_text(
                value if kind.format != "calendar-date" else _said(field)
            )
        elif kind.json == "integer":
            written = f"cast({value} as varchar)"
        else:
            written = f"cast(to_json({value}) as varchar)"
        return f"coalesce({written}, 'null')"


_RULES: Final[Mapping[str, Callable[[GroupSql, Rule], Iterator[tuple[str, str]]]]] = {
    "not_future": GroupSql.not_future,
    "not_after": GroupSql.in_order,
    "not_above": GroupSql.in_order,
    "below": GroupSql.in_order,
    "differ": GroupSql.in_order,
    "all_true": GroupSql.all_true,
    "line_ids_unique": GroupSql.line_ids_unique,
}

_USUAL_DIGITS: Final = 2
_LONG: Final = 4000  # characters: the usual bound of a text


def _said(field: str) -> str:
    return text.name(f"said_{field}")


def _is_told(field: Field) -> str:
    return text.name(f"is_told_{field.name}")


def _alias(key: str) -> str:
    return text.name(f"alias_{key}")


def _sent(key: str) -> str:
    return f"sent.{text.name(key)}"


def _said_type(field: Field) -> str:
    kinds = {"integer": "hugeint", "number": "double", "boolean": "boolean"}
    return kinds.get(field.type.json, "varchar")


def _lines(columns: Iterable[str], *more: str) -> str:
    return ",\n        ".join((*columns, *more))


def _is_usual(field: Field) -> bool:
    """Say whether a field is a text of one to :data:`_LONG` characters."""
    return (field.type.min_length, field.type.max_length) == (1, _LONG)


def _wrong_length(said: str, least: int | None, most: int) -> str:
    """Say when a text is too short or too long.

    It has at most as many characters as bytes, and those are counted faster.
    """
    is_long = f"strlen({said}) > {most} and length({said}) > {most}"
    if not least:
        return is_long
    is_short = f"{said} = ''" if least == 1 else f"length({said}) < {least}"
    return f"{is_short} or {is_long}"


def _json_array(parts: Iterable[str]) -> str:
    return "concat('[', " + ", ',', ".join(parts) + ", ']')"


def _enum_value(
    said: str,
    values: tuple[str, ...] | None,
    synonyms: Mapping[str, str],
    on_unknown: str | None,
) -> str:
    if not values:
        return said
    spellings = {**{value: value for value in values}, **synonyms}
    found = (
        f"map([{text.listed(spellings)}], [{text.listed(spellings.values())}])"
        f"[{text.slug(said)}]"
    )
    if on_unknown not in (None, "reject"):
        found = f"coalesce({found}, {text.quoted(str(on_unknown))})"
    return (
        f"case when {said} is null or {said} in ({text.listed(values)}) then {said} "
        f"else {found} end"
    )


def _decimal(said: str) -> str:
    """Return the plain decimal notation of a number in text, else NULL."""
    return (
        f"case when regexp_full_match({said}, '\\s*[+-]?(\\d+\\.?\\d*|\\.\\d+)\\s*') "
        f"then regexp_replace({said}, '\\s', '', 'g') "
        f"when regexp_full_match({said}, '\\s*[+-]?[\\d.]+[eE][+-]?\\d+\\s*') "
        f"then cast(try_cast({said} as decimal(38, 15)) as varchar) end"
    )


def _minor_units(said: str, digits: str) -> str:
    """Return an amount in minor units; NULL if it has more decimals than its currency.

    Works on the digits as written, so no amount passes through a binary fraction.
    """
    decimal = f"({_decimal(said)})"
    fraction = f"rtrim(regexp_extract({decimal}, '\\.(\\d*)$', 1), '0')"
    whole = f"regexp_extract({decimal}, '^([+-]?\\d*)', 1)"
    return (
        f"case when length({fraction}) <= {digits} then "
        f"try_cast({whole} || rpad({fraction}, {digits}, '0') as hugeint) end"
    )
