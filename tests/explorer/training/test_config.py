from __future__ import annotations

import pytest

from explorer.training.config import SHIPPED, Config, DenoiserConfig, DistillConfig
from tiles.errors import BadSetting

KINDS = {kind.name: kind for kind in Config.__subclasses__()}


def test_there_is_one_file_for_each_part():
    assert sorted(path.stem for path in SHIPPED.iterdir()) == sorted(KINDS)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_what_ships_is_read(name, tmp_path):
    assert KINDS[name].of_run(tmp_path / "run", None) == KINDS[name].read(SHIPPED / f"{name}.toml")


def changed(tmp_path, old: str, new: str):
    said = (SHIPPED / "distill.toml").read_text()
    assert old in said
    path = tmp_path / "mine.toml"
    path.write_text(said.replace(old, new))
    return path


def test_a_run_keeps_its_config(tmp_path):
    mine = changed(tmp_path, "guidance_scale = 2.5", "guidance_scale = 3")
    run = tmp_path / "run"
    assert DistillConfig.of_run(run, mine).guidance_scale == 3
    assert DistillConfig.of_run(run, None).guidance_scale == 3
    assert DistillConfig.of_run(run, mine).guidance_scale == 3
    other = changed(tmp_path, "guidance_scale = 2.5", "guidance_scale = 5")
    with pytest.raises(BadSetting, match="began with other settings"):
        DistillConfig.of_run(run, other)
    assert DistillConfig.of_run(run, None).guidance_scale == 3
    assert [path.name for path in run.iterdir()] == ["config.toml"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("batch = 16", "batch = 15", "batch"),
        ("peak = 4e-4", "speak = 4e-4", "peak"),
        ("steps = 4", "steps = 0", "steps"),
        ("aerial_share = 0.5", "aerial_share = 1.5", "aerial_share"),
        ("shift = 1.5", "shift = nan", "shift"),
        ("shift = 1.5", "shift =", "not TOML"),
        ("shift = 1.5", "shift = 1.5\nsift = 1", "sift"),
    ],
)
def test_a_bad_config_is_refused_by_name_and_begins_no_run(old, new, said, tmp_path):
    path = changed(tmp_path, old, new)
    with pytest.raises(BadSetting, match=said) as error:
        DistillConfig.of_run(tmp_path / "run", path)
    assert str(path) in str(error.value) and not (tmp_path / "run").exists()


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path):
    with pytest.raises(BadSetting, match="No such file"):
        DenoiserConfig.of_run(tmp_path / "run", tmp_path / "none.toml")
    (tmp_path / "picture.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadSetting, match="not TOML"):
        DenoiserConfig.of_run(tmp_path / "run", tmp_path / "picture.toml")
