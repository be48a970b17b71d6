"""The page of fields: types, bounds, closed lists, and other names for them."""

from __future__ import annotations

from collections.abc import Iterator

from ingestion.contract.catalogue import Catalogue, Field
from ingestion.contract.reference.markdown import code, link, links, page, table
from ingestion.contract.wording import expected


def fields_page(catalogue: Catalogue) -> str:
    """Return the page of fields, their types, lists and aliases."""
    return page(
        f"The {len(catalogue.fields)} fields",
        "A field means the same on every [event](events.md) and is checked wherever it "
        "comes. A key that is no field is kept as it came, if it holds no list and no "
        "object. A key whose value is null counts as absent.",
        "Contents: "
        + links(["fields", "types", "lists", "aliases", "people", "money"]),
        _section(
            "fields",
            "*Personal* says what a value tells of a person; free text is quarantined.",
            table(
                ["field", "type", "values", "personal", "meaning"],
                [
                    [
                        f"`{field.name}`",
                        f"`{field.type.name}`",
                        _values(field),
                        "" if field.pii == "none" else field.pii.replace("_", " "),
                        field.description,
                    ]
                    for field in catalogue.fields.values()
                ],
            ),
        ),
        _section("types", "", _types(catalogue)),
        _section(
            "lists",
            "The reason lists. A spelling beside a code becomes that code; case, "
            "spaces and hyphens do not matter.",
            *_lists(catalogue),
        ),
        _section("aliases", "Other keys and spellings that are understood.")
        + "\n\n"
        + _aliases(catalogue),
        _section("people", *_people(catalogue)),
        _section("money", *_money(catalogue)),
    )


def _section(title: str, *parts: str) -> str:
    return "\n\n".join([f"## {title}", *filter(None, parts)])


def _values(field: Field) -> str:
    said = []
    if field.taxonomy == "per_event":
        said.append("a list per event")
    elif field.taxonomy is not None:
        said.append(link(field.taxonomy))
    elif field.values is not None:
        said.append(code(field.values))
    if field.on_unknown == "reject":
        said.append("others are refused")
    elif field.on_unknown is not None:
        said.append(f"others become `{field.on_unknown}`")
    if field.default is not None:
        said.append(f"absent is `{str(field.default).lower()}`")
    return "; ".join(said)


def _types(catalogue: Catalogue) -> str:
    return table(
        ["type", "what is sent"],
        [
            [f"`{name}`", f"{_shown(expected(kind))}."]
            for name, kind in catalogue.types.items()
        ],
    )


def _shown(words: str) -> str:
    return words[0].upper() + words[1:]


def _lists(catalogue: Catalogue) -> Iterator[str]:
    for name, codes in catalogue.taxonomies.items():
        yield (
            f"### {name}\n\n"
            + table(
                ["code", "meaning", "group", "also"],
                [
                    [
                        f"`{reason}`",
                        body["description"],
                        body.get("category", ""),
                        code(body.get("synonyms", ())),
                    ]
                    for reason, body in codes.items()
                ],
            )
        )


def _aliases(catalogue: Catalogue) -> str:
    keys = table(
        ["key", "becomes", "on", "if both come and differ"],
        [
            [
                f"`{alias.key}`",
                f"`{alias.field}`"
                + (", from major units" if alias.transform == "major_to_minor" else ""),
                "every event" if alias.events is None else code(sorted(alias.events)),
                "the line is refused"
                if alias.on_conflict == "reject"
                else "the key stays an extra",
            ]
            for alias in catalogue.field_aliases
        ],
    )
    values = table(
        ["field", "spelling", "becomes"],
        [
            [f"`{field}`", f"`{spelling}`", f"`{value}`"]
            for field, spellings in catalogue.value_aliases.items()
            for spelling, value in spellings.items()
        ],
    )
    ids = table(
        ["id", "made of", "when absent on events of"],
        [
            [f"`{each.field}`", code(each.inputs), ", ".join(sorted(each.groups))]
            for each in catalogue.derived_ids
        ],
    )
    return f"{keys}\n\n{values}\n\n{ids}"


def _people(catalogue: Catalogue) -> tuple[str, str]:
    return (
        "Taken in on any line, never stored:\n\n"
        + table(
            ["key", "stored as"],
            [
                [f"`{key}`", f"`{stored}`" if stored else "nothing"]
                for key, stored in catalogue.personal_inputs.items()
            ],
        ),
        f"Never to be sent; the line is refused: {code(catalogue.forbidden_inputs)}.",
    )


def _money(catalogue: Catalogue) -> tuple[str, str]:
    return (
        "Amounts are whole numbers of minor units, always with a currency.",
        table(
            ["digits of the minor unit", "currencies"],
            [
                [digits, ", ".join(currencies)]
                for digits, currencies in catalogue.currencies_by_digits.items()
            ],
        ),
    )
