import errno
import hashlib
import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from benchmarks.standin import OneModel, StandIn
from explorer.service import dataset
from explorer.service.dataset import export
from explorer.service.samples import Plan, base_of, checked, samples
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tiles.errors import BadPrompt, BadSetting, DiskFull
from tiles.grid import Tile

PLAN = Plan(("rocky coast", "sand desert, dunes"), (7, 8), 5, seed=3, shard=2)


@pytest.fixture(scope="module")
def library():
    return OneModel(StandIn())


def quiet(done, total):
    pass


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory, library):
    from explorer.service.painter import Painter

    painter = Painter()
    out = export(library, painter, PLAN, tmp_path_factory.mktemp("sets") / "first", quiet)
    painter.close()
    return out


def test_the_image_folder_says_what_each_picture_is(made, library):
    rows = [json.loads(line) for line in (made / "train" / "metadata.jsonl").read_text().splitlines()]
    assert len(rows) == 5 and {row["text"] for row in rows} == set(PLAN.prompts)
    assert {row["zoom"] for row in rows} == {7, 8}
    assert sorted(row["file_name"] for row in rows) == sorted(p.name for p in (made / "train").glob("*.png"))
    for row in rows:
        with Image.open(made / "train" / row["file_name"]) as image:
            assert image.size == (256, 256) and image.mode == "RGB"
        west, south, east, north = row["bounds"]
        assert (east - west) / 256 == pytest.approx(row["gsd_m"]) == (north - south) / 256
        assert row["gsd_m"] == pytest.approx(156543.03392804097 / 2 ** row["zoom"])
    assert (made / "README.md").read_text().startswith("---\nlicense: cc0-1.0\n")
    assert not (made / ".worlds").exists()


def test_shards_group_as_webdataset_groups(made):
    """By the name up to its first dot, members of a sample after each other."""
    found = []
    for path in sorted((made / "webdataset").iterdir()):
        with tarfile.open(path) as tar:
            for member in tar:
                key, _, suffix = member.name.partition(".")
                if not found or found[-1]["key"] != key:
                    found.append({"key": key})
                found[-1][suffix] = tar.extractfile(member).read()
    assert len(found) == 5 and len(list((made / "webdataset").iterdir())) == 3
    for sample in found:
        assert set(sample) == {"key", "png", "json", "txt"}
        said = json.loads(sample["json"])
        assert said["text"].encode() == sample["txt"] and said["name"] == sample["key"]
        assert sample["png"] == (made / "train" / f"{sample['key']}.png").read_bytes()


def test_pictures_are_cut_from_the_world_that_is_named(made, tmp_path, library, painter):
    sample = samples(PLAN)[0]
    atlas = Atlas(tmp_path / "worlds", library, 2**24)
    world = atlas.create(NewWorld("again", sample.prompt, sample.seed, base_zoom=sample.zoom))
    box = sample.area.box
    for tile in box.tiles():
        painter.ask(world, tile).result(60)
    rows = [
        np.concatenate([world.renderer.pixels(tile) for tile in box.tiles() if tile.y == y], 1)
        for y in range(box.top, box.bottom)
    ]
    sheet = np.concatenate(rows)
    y, x = sample.area.top - box.top * 256, sample.area.left - box.left * 256
    with Image.open(made / "train" / f"{sample.name}.png") as image:
        assert (np.array(image) == sheet[y : y + 256, x : x + 256]).all()
    atlas.close()


@pytest.mark.parametrize("stop", [1, 4])
def test_a_stopped_export_goes_on_and_ends_with_the_same_bytes(made, tmp_path, library, painter, stop):
    class Stopped(Exception):
        pass

    def stopping(done, total):
        if done == stop:
            raise Stopped

    out = tmp_path / "second"
    with pytest.raises(Stopped):
        export(library, painter, PLAN, out, stopping)
    there = {path: path.stat().st_mtime_ns for path in (out / "train").glob("*.png")}
    assert len(there) == stop and not list(out.rglob("*.part"))
    export(library, painter, PLAN, out, quiet)
    assert {path: path.stat().st_mtime_ns for path in there} == there
    assert digests(out) == digests(made)


def test_worlds_whose_seeds_are_alike_are_told_apart_by_prompt_and_zoom(
    tmp_path, library, painter, monkeypatch
):
    """Two seeds in 2^53 are never alike in a test, so that of every world is made the same."""
    plan = PLAN._replace(pictures=4)
    every = [sample._replace(seed=7) for sample in samples(plan)]
    monkeypatch.setattr(dataset, "samples", lambda plan: every)
    out = export(library, painter, plan, tmp_path / "alike", quiet)
    atlas = Atlas(tmp_path / "worlds", library, 2**24)
    for sample in every:
        world = atlas.create(NewWorld(sample.world, sample.prompt, 7, base_zoom=sample.zoom))
        box = sample.area.box
        for tile in box.tiles():
            painter.ask(world, tile).result(60)
        first = world.renderer.pixels(Tile(sample.zoom, box.left, box.top))
        y, x = sample.area.top - box.top * 256, sample.area.left - box.left * 256
        with Image.open(out / "train" / f"{sample.name}.png") as image:
            assert (np.array(image)[: 256 - y, : 256 - x] == first[y:, x:]).all()
    atlas.close()


def test_a_million_pictures_have_no_two_worlds_of_one_seed():
    seeds = {
        samples(PLAN._replace(prompts=("coast",), zooms=(8,), pictures=n))[-1].seed for n in (1, 101, 201)
    }
    assert len(seeds) == 3 and max(seeds) >= 2**31 and max(seeds) < 2**53


def test_a_dataset_begun_before_goes_on_with_its_own_seeds(made, tmp_path, library, painter):
    """Its plan has no bits of seeds, which were 31."""
    out = tmp_path / "old"
    export(library, painter, PLAN._replace(seed_bits=31), out, quiet)
    plan = json.loads((out / "plan.json").read_text())
    del plan["seed_bits"]
    (out / "plan.json").write_text(json.dumps(plan, indent=1) + "\n")
    before = digests(out)
    lost = next((out / "train").glob("*.png"))
    lost.unlink()
    export(library, painter, PLAN, out, quiet)
    assert (
        digests(out) == before
        and digests(out)["train/metadata.jsonl"] != digests(made)["train/metadata.jsonl"]
    )
    (out / "plan.json").write_text(json.dumps({**plan, "seed_bits": 4}))
    with pytest.raises(BadSetting, match="is not the plan of a dataset"):
        export(library, painter, PLAN, out, quiet)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_and_leaves_no_part(tmp_path, library, painter, monkeypatch, number):
    out = tmp_path / "full"

    def full(descriptor):
        raise OSError(number, "full")

    monkeypatch.setattr(dataset.os, "fsync", full)
    with pytest.raises(DiskFull, match="the disk is full"):
        export(library, painter, PLAN._replace(pictures=1), out, quiet)
    assert not [path for path in out.rglob("*") if path.is_file()]


def test_another_plan_does_not_go_into_the_same_folder(made, library, painter):
    before = digests(made)
    with pytest.raises(BadSetting, match="holds another dataset with other pictures, seed"):
        export(library, painter, PLAN._replace(seed=4, pictures=9), made, quiet)
    assert digests(made) == before


def test_a_disk_too_small_is_said_before_any_work(tmp_path, library, painter, monkeypatch):
    monkeypatch.setattr(dataset.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10**6}))
    with pytest.raises(DiskFull, match=r"about 1,200,000,500 bytes .* 1,000,000 are free"):
        export(library, painter, PLAN._replace(pictures=10_000), tmp_path / "new", quiet, 500)
    assert not (tmp_path / "new").exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path, library, painter):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(BadSetting, match="not empty"):
        export(library, painter, PLAN, tmp_path, quiet)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pictures": 0}, "1 to 1,000,000"),
        ({"pictures": 10**9}, "1 to 1,000,000"),
        ({"prompts": ()}, "at least one prompt"),
        ({"zooms": ()}, "at least one prompt and one zoom"),
        ({"zooms": (8, 21)}, "base zoom 21"),
        ({"side": 100}, "256 or 512"),
        ({"seed": -1}, "seed -1"),
        ({"shard": 0}, "shard 0"),
    ],
)
def test_bad_plans_are_refused_in_words(tmp_path, library, painter, change, words):
    with pytest.raises(BadSetting, match=words):
        export(library, painter, PLAN._replace(**change), tmp_path / "new", quiet)
    assert not (tmp_path / "new").exists()


def test_hostile_prompts_are_text_or_refused(library):
    traits = library.get().traits
    with pytest.raises(BadPrompt):
        checked(PLAN._replace(prompts=("a\0b",)), traits)
    names = {s.name for s in samples(PLAN._replace(prompts=("../../etc", "...", "тундра"), pictures=6))}
    assert all("/" not in name and "." not in name for name in names) and len(names) == 6


def test_pictures_lie_apart_and_anywhere_among_tiles_and_phases():
    found = samples(PLAN._replace(prompts=("coast",), zooms=(8,), pictures=600, side=512))
    for seed in {s.seed for s in found}:
        lefts = sorted(s.area.left for s in found if s.seed == seed)
        assert len(lefts) == 100 and min(np.diff(lefts)) > 40 * 256
    assert {(s.area.left // 256 % 2, s.area.top // 256 % 2) for s in found} == {
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
    }
    assert len({s.area.left % 256 for s in found}) > 200 < len({s.area.top % 256 for s in found})


def test_prompts_take_turns_in_the_shards():
    order = [s.prompt for s in samples(PLAN)]
    assert order == ["rocky coast", "rocky coast", "sand desert, dunes", "sand desert, dunes", "rocky coast"]


def test_a_killed_first_write_and_odd_folders(tmp_path, library, painter):
    one = PLAN._replace(pictures=1)
    (tmp_path / "killed").mkdir()
    (tmp_path / "killed" / ".plan.json.part").write_text("{")
    assert export(library, painter, one, tmp_path / "killed", quiet)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BadSetting, match="is a file"):
        export(library, painter, one, tmp_path / "file", quiet)
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "plan.json").write_text("{")
    with pytest.raises(BadSetting, match="cannot be read"):
        export(library, painter, one, tmp_path / "odd", quiet)


def test_the_png_is_an_rgb_picture(made):
    with Image.open(io.BytesIO(next((made / "train").glob("*.png")).read_bytes())) as image:
        assert np.array(image).std() > 0


def test_zooms_that_the_model_did_not_learn_are_refined_from_one_that_it_did(tmp_path, library, painter):
    plan = Plan(("rocky coast",), (8, 10), 2, seed=3)
    out = export(library, painter, plan, tmp_path / "deep", quiet)
    rows = [json.loads(line) for line in (out / "train" / "metadata.jsonl").read_text().splitlines()]
    assert [(row["zoom"], row.get("refined_from_zoom")) for row in rows] == [(8, None), (10, 8)]
    with Image.open(out / "train" / rows[1]["file_name"]) as image:
        assert len(np.unique(np.asarray(image).reshape(-1, 3), axis=0)) > 100
    assert rows[1]["gsd_m"] == pytest.approx(rows[0]["gsd_m"] / 4, rel=1e-4)
    assert [base_of(zoom, library.model.traits) for zoom in (3, 5, 8, 20)] == [3, 5, 8, 8]
    with pytest.raises(BadSetting, match="base zoom 21"):
        checked(plan._replace(zooms=(21,)), library.model.traits)
