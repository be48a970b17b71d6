"""What holds for the repository as a whole."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


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
