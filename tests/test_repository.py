"""What holds for the repository as a whole."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ingestion.contract.catalogue import CATALOGUE_FILE


@pytest.fixture(scope="module")
def tracked(root):
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True
    ).stdout
    return [
        root / name for name in listed.split("\0") if name and (root / name).is_file()
    ]


def texts(paths):
    for path in paths:
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def test_no_file_names_a_machine_path_or_a_package_index(tracked):
    forbidden = re.compile(
        r"(?:^|[^\w.])/(?:work|farm|root)/|--(?:extra-)?index-url\s|https?://\S+/simple/",
        re.MULTILINE,
    )
    found = [
        f"{path}: {match.group(0)!r}"
        for path, text in texts(tracked)
        if path.name != "test_repository.py"
        for match in forbidden.finditer(text)
    ]
    assert found == []


def test_no_tracked_file_is_larger_than_two_megabytes(tracked):
    assert [path for path in tracked if path.stat().st_size > 2 * 2**20] == []


def test_currencies_of_the_models_are_the_contracts(root):
    contract = yaml.safe_load(CATALOGUE_FILE.read_text(encoding="utf-8"))["currencies"]
    project = yaml.safe_load((root / "dbt_project" / "dbt_project.yml").read_text())
    for digits in (0, 3):
        assert (
            project["vars"][f"currencies_of_{digits}_digits"]
            == contract[f"digits_{digits}"]
        )


def test_every_event_has_a_sentence_of_known_fields(root):
    """A sentence naming a field its event cannot have would print its name for ever."""
    contract = yaml.safe_load(CATALOGUE_FILE.read_text(encoding="utf-8"))
    macro = (
        root / "dbt_project" / "macros" / "sentences" / "event_sentences.sql"
    ).read_text(encoding="utf-8")
    sentences = dict(re.findall(r"^    '(\w+)': '([^']*)',$", macro, re.MULTILINE))
    envelope = contract["envelope"]["required"] + contract["envelope"]["optional"]
    assert set(sentences) == {event["name"] for event in contract["events"]}
    for event in contract["events"]:
        allowed = {*envelope, *event["required"], *event["optional"]}
        for kind, field in re.findall(
            r"\{(amount:|units:)?(\w+)\}", sentences[event["name"]]
        ):
            assert (f"{field}_minor" if kind == "amount:" else field) in allowed, event[
                "name"
            ]
            assert contract["fields"].get(field, {}).get("pii") != "free_text"


@pytest.mark.parametrize(
    ("module", "planted"),
    [
        ("ingestion/shop.py", "import dagster"),
        ("ingestion/shop.py", "import dagster_project.published"),
        ("dashboards/app.py", "import ingestion.shop"),
        ("dashboards/app.py", "import dagster_project.build"),
    ],
)
def test_the_linter_names_an_import_across_rooms(root, tmp_path, module, planted):
    for name in ("ingestion", "dagster_project", "dashboards"):
        shutil.copytree(root / name, tmp_path / name)
    shutil.copy(root / "pyproject.toml", tmp_path)
    assert _lint(tmp_path).returncode == 0

    broken = tmp_path / module
    broken.write_text(broken.read_text(encoding="utf-8") + f"\n{planted}\n")
    found = _lint(tmp_path)
    assert found.returncode != 0
    assert "BROKEN" in found.stdout


def _lint(folder):
    return subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
