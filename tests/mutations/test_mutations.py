"""Would anybody notice a sign, a join or an interval the wrong way round?

Models of money and of blind spots are mutated line by line as ``mutations.yml`` lists,
and their unit tests must fail. One that passes all the same is a rule nobody has
written down.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from dagster_project.build import build
from ingestion.landing import land_files
from ingestion.shop import Shop
from tests.mutations.mutants import Mutation, Project, listed_mutations

MUTATIONS = listed_mutations()

QUICK = [
    next(each for each in MUTATIONS if each.model == model)
    for model in ("int_settlements", "int_payment_exits", "settlement_curves")
]


@pytest.fixture(scope="module")
def project(root, tmp_path_factory):
    shop = Shop(
        tmp_path_factory.mktemp("mutants"), timezone="UTC", hash_key="a test's key"
    )
    sample = sorted((root / "data" / "sample").rglob("*.jsonl.gz"))[:1]
    landed = land_files(
        sample, shop=shop, landed_at=datetime(2027, 1, 1, tzinfo=UTC), backfill=True
    )
    build(shop, as_of=landed.last_ingested_at, is_tested=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POSTORDER_WORKING", str(shop.working))
        yield Project(shop)


def test_every_mutation_changes_one_place(project):
    found = {each: project.source_of(each).count(each.before) for each in MUTATIONS}
    assert {str(each): count for each, count in found.items() if count != 1} == {}
    assert all(each.before != each.after for each in MUTATIONS)
    assert max(Counter(str(each) for each in MUTATIONS).values()) == 1


@pytest.mark.parametrize("mutation", QUICK, ids=str)
def test_some_mistakes_are_caught(project, mutation: Mutation):
    assert project.caught_by(mutation)


@pytest.mark.deep
def test_every_mistake_is_caught(project, capsys):
    """The list of an issue's Show: each mutation, and the tests that caught it."""
    caught, broken = {}, []
    for each in MUTATIONS:
        try:
            caught[each] = project.caught_by(each)
        except AssertionError as error:
            broken.append(str(error))
    with capsys.disabled():
        print(f"\n{len(caught)} mutations")
        for mutation, names in caught.items():
            print(f"{mutation} -> {', '.join(names) or 'SURVIVES'}")
    assert [str(each) for each, names in caught.items() if not names] == []
    assert broken == []
