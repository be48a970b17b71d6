"""Which files are found, under which names, and which are refused."""

from __future__ import annotations

import hashlib
import os

import pytest

from ingestion.errors import LandingError
from ingestion.files import BrokenFileError, find_files, read_lines


@pytest.fixture
def drop(tmp_path):
    """A folder of event files, and a secret outside."""
    folder = tmp_path / "drop"
    for name in (
        "b.jsonl",
        "a.CSV",
        "deep/er/c.jsonl.zst",
        "deep/d.ndjson.gz",
        "deep/package.json",
        "e.parquet",
        "notes.txt",
        ".hidden.jsonl",
        "f.jsonl.part",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "secret.jsonl").write_text("secret")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x.jsonl").write_text("secret")
    return folder


def names(files):
    return [file.landed_file for file in files]


def refusals(files):
    return {file.landed_file: file.refusal for file in files if file.refusal}


def test_a_folder_is_searched_to_any_depth_in_a_fixed_order(drop):
    files = find_files([drop])
    assert names(files) == [
        "drop/a.CSV",
        "drop/b.jsonl",
        "drop/deep/d.ndjson.gz",
        "drop/deep/er/c.jsonl.zst",
        "drop/e.parquet",
    ]
    assert files[1].content_hash == hashlib.sha256(b"b.jsonl").hexdigest()
    assert files[1].size_bytes == len("b.jsonl")
    assert not refusals(files)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.jsonl", ["b.jsonl"]),
        ("deep/*", ["deep/d.ndjson.gz", "deep/er/c.jsonl.zst", "deep/package.json"]),
        ("**/*.json*", ["b.jsonl", "deep/er/c.jsonl.zst", "deep/package.json"]),
        ("deep/**", ["deep/d.ndjson.gz", "deep/er/c.jsonl.zst"]),
        ("?.[jp]*", ["b.jsonl", "e.parquet"]),
        ("*/er", ["deep/er/c.jsonl.zst"]),
    ],
)
def test_a_pattern_lands_under_the_names_its_folder_would(drop, pattern, found):
    files = find_files([f"{drop}/{pattern}"])
    assert [name.removeprefix("drop/") for name in names(files)] == found
    whole = {file.landed_file: file.landing_id for file in find_files([drop])}
    assert all(
        whole[file.landed_file] == file.landing_id
        for file in files
        if file.landed_file in whole
    )


def test_marks_of_a_pattern_may_stand_in_a_name(tmp_path):
    (tmp_path / "orders[1].jsonl").write_text("{}")
    (tmp_path / "orders1.jsonl").write_text("{}")
    assert names(find_files([tmp_path / "orders[1].jsonl"])) == ["orders[1].jsonl"]


def test_a_json_file_has_to_be_named(drop):
    assert names(find_files([drop / "deep" / "package.json"])) == ["package.json"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nowhere", "no such file"),
        ("drop/*.xlsx", "matches no event file"),
        ("drop/*/../../*.jsonl", "'..' after a wildcard"),
        ("drop/notes.txt", "cannot land this kind of file"),
        ("drop/.hidden.jsonl", "cannot land this kind of file"),
        ("http://example.org/a.jsonl", "http://: no place"),
        ("empty", "no event files in this folder"),
    ],
)
def test_what_cannot_be_found_is_an_error_that_says_so(
    drop, given, said, monkeypatch, tmp_path
):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LandingError, match=said):
        find_files([given])


def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "a.jsonl")
    with pytest.raises(LandingError, match="cannot land this kind"):
        find_files([tmp_path / "a.jsonl"])
    assert refusals(find_files([tmp_path])) == {
        f"{tmp_path.name}/a.jsonl": "no file, or a link to none"
    }


@pytest.mark.parametrize("given", ["drop", "drop/*", "drop/**/*", "drop/*/*.jsonl"])
def test_nothing_leads_outside_the_folder_given(
    drop, given, monkeypatch, tmp_path, catalogue
):
    (drop / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    (drop / "out").symlink_to(tmp_path / "outside")
    (drop / "loop.jsonl").symlink_to("loop.jsonl")
    monkeypatch.chdir(tmp_path)
    files = find_files([given])
    assert refusals(files)
    for file in files:
        text = "".join(file.path.read_text() if not file.refusal else "")
        assert "secret" not in text
        if file.refusal:
            with pytest.raises(BrokenFileError, match=file.refusal[:10]):
                next(read_lines(file, catalogue, limit=1))


def test_what_is_refused_stops_nothing_beside_it(drop, tmp_path):
    sound = names(find_files([drop]))
    (drop / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    (drop / "out").symlink_to(tmp_path / "outside")
    (drop / "gone.jsonl").symlink_to(drop / "nowhere")
    files = find_files([drop])
    assert [file.landed_file for file in files if not file.refusal] == sound
    outside = "a link that leads outside the folder given; name its target to land it"
    assert refusals(files) == {
        "drop/link.jsonl": outside,
        "drop/out": outside,
        "drop/gone.jsonl": "no file, or a link to none",
    }
    # one whose reason changes is told again
    assert len({file.content_hash for file in files if file.refusal}) == 2


def test_links_within_the_folder_are_followed_once(drop):
    (drop / "again").symlink_to(drop / "deep")
    (drop / "g.jsonl").symlink_to(drop / "b.jsonl")
    files = find_files([drop])
    assert not refusals(files)
    assert [name for name in names(files) if name.startswith("drop/again")] == []
    assert "drop/g.jsonl" in names(files)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_refused_alone(drop):
    (drop / "b.jsonl").chmod(0)
    assert "permission" in refusals(find_files([drop]))["drop/b.jsonl"].lower()


def test_a_file_that_fails_while_it_is_hashed_is_refused_alone(drop, monkeypatch):
    whole = hashlib.file_digest

    def failing(handle, name):
        if handle.name.endswith("b.jsonl"):
            raise PermissionError(13, "Permission denied")
        return whole(handle, name)

    monkeypatch.setattr(hashlib, "file_digest", failing)
    assert refusals(find_files([drop])) == {
        "drop/b.jsonl": "cannot be read (Permission denied); check its permissions"
    }
    with pytest.raises(LandingError, match="Permission denied"):
        find_files([drop / "b.jsonl"])


def test_a_refused_file_lands_once_it_is_mended(drop, tmp_path):
    (drop / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    before = {f.landed_file: f.landing_id for f in find_files([drop])}
    (drop / "link.jsonl").unlink()
    (drop / "link.jsonl").write_text("mended")
    after = {f.landed_file: f.landing_id for f in find_files([drop])}
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == [
        "drop/link.jsonl"
    ]
