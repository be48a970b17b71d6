"""The embedded sample brings its own settings and never mixes with a shop."""

from __future__ import annotations

import pytest

from dagster_project.shops import ShopError, claim, kind_of, shop_from


def environment(tmp_path, **more):
    return {"POSTORDER_DATA": str(tmp_path / "data"), **more}


def test_the_sample_brings_zone_and_key(tmp_path):
    plain = shop_from(environment(tmp_path))
    assert (plain.timezone, plain.hash_key) == ("UTC", None)
    sample = shop_from(environment(tmp_path), is_sample=True)
    assert sample.timezone == "Asia/Kolkata"
    assert sample.hash_key


def test_the_sample_is_known_again(tmp_path):
    claim(shop_from(environment(tmp_path), is_sample=True), "sample")
    assert shop_from(environment(tmp_path)).timezone == "Asia/Kolkata"


def test_what_the_environment_says_comes_first(tmp_path):
    asked = environment(
        tmp_path, POSTORDER_TIMEZONE="Europe/Paris", POSTORDER_HASH_KEY="mine"
    )
    sample = shop_from(asked, is_sample=True)
    assert (sample.timezone, sample.hash_key) == ("Europe/Paris", "mine")


def test_a_shop_of_its_own_never_gets_the_samples_key(tmp_path):
    claim(shop_from(environment(tmp_path)), "own")
    assert shop_from(environment(tmp_path), is_sample=True).hash_key is None


def test_a_folder_holds_one_kind(tmp_path):
    shop = shop_from(environment(tmp_path))
    assert kind_of(shop) is None
    claim(shop, "own")
    claim(shop, "own")
    with pytest.raises(ShopError, match="POSTORDER_DATA"):
        claim(shop, "sample")
    assert kind_of(shop) == "own"


def test_a_working_file_without_a_marker_is_somebodys_own(tmp_path):
    shop = shop_from(environment(tmp_path))
    shop.folder.mkdir()
    shop.working.touch()
    with pytest.raises(ShopError):
        claim(shop, "sample")
