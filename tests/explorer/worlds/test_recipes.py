"""Worlds know by which model they are painted, and how it is used."""

import json
import shutil

import pytest
import torch

from explorer.models.library import Library
from explorer.service.painter import Painter
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.diffusions import build_diffusion, put
from tests.explorer.models.diffusion.test_adapters import lora
from tests.explorer.models.diffusion.test_painting import small
from tests.hubs import COMMIT
from tiles.errors import ModelRefused, WorldHeld
from tiles.grid import Box, Tile

FEW = {"steps": 2}
HOME = Tile(15, 2**14, 2**14)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return build_diffusion(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def opened(tmp_path):
    """Opens the folder of worlds with a model that is used some way."""
    atlases = []

    def with_model(name, **options):
        atlases.append(Atlas(tmp_path / "worlds", Library(str(name), "cpu", {**FEW, **options}), 2**26))
        return atlases[-1]

    yield with_model
    for atlas in atlases:
        atlas.close()


def paint(world, *tiles):
    world.canvas.paint(tiles, world.model.paint, world.model.traits.batch)
    snapshot = world.canvas.snapshot()
    return {tile: snapshot.latents(snapshot.shown(tile)).tobytes() for tile in tiles}


def made(atlas, name="Land"):
    return atlas.create(NewWorld(name, "rocky coast", seed=1, sketch=0))


def test_a_world_goes_on_as_it_began_whatever_the_settings_are_now(tiny, opened):
    """Settings are for new worlds."""
    first = opened(tiny, sampler="euler", guidance_scale=3.0)
    both = paint(made(first), HOME, Tile(15, HOME.x + 2, HOME.y))
    half = paint(made(first, "Half"), HOME)
    first.close()
    again = opened(tiny, steps=5, batch=2, dtype="bfloat16")
    world = again.get("half")
    assert half | paint(world, Tile(15, HOME.x + 2, HOME.y)) == both
    assert [line.kind for line in world.store.journal()] == ["prompt"]
    assert world.model.traits.steps == 2 and world.model.recipe.sampler == "euler"
    other = made(again, "Other")
    assert (other.model.traits.steps, other.model.traits.batch) == (5, 2)
    assert other.model.parts.unet.dtype is torch.bfloat16


def test_worlds_that_differ_in_their_use_alone_share_their_weights(tiny, opened):
    first = opened(tiny)
    made(first)
    first.close()
    second = opened(tiny, steps=3)
    other = made(second, "Other")
    assert second.get("land").model.parts.unet is other.model.parts.unet


def test_a_world_needs_its_adapters_wherever_they_lie(tiny, tmp_path, opened):
    lora(tmp_path / "roofs.safetensors")
    first = opened(tiny, adapters=[f"{tmp_path / 'roofs.safetensors'}:0.5"])
    world = made(first)
    before = paint(world, HOME)
    world.renderer.tile(HOME, "png")
    assert world.model.recipe.adapters[0].file == "roofs.safetensors"
    first.close()
    without = opened(tiny)
    (summary,) = without.summaries()
    assert summary.readonly
    world = without.get("land")
    assert "the adapter roofs.safetensors" in world.access.reason and "EARTH_ADAPTERS" in world.access.reason
    assert world.renderer.tile(HOME, "png") is not None  # it is cached
    with pytest.raises(WorldHeld, match="EARTH_ADAPTERS"):
        world.journal.set_prompt("desert")
    without.close()
    moved = shutil.move(tmp_path / "roofs.safetensors", tmp_path / "elsewhere.safetensors")
    back = opened(tiny, adapters=[str(moved)]).get("land")  # its weight is the world's
    there = paint(back, HOME, Tile(15, HOME.x, HOME.y + 2))
    assert there[HOME] == before[HOME] and not back.readonly


def test_a_world_of_a_fetched_model_remembers_its_commit(tiny, tmp_path, opened, monkeypatch):
    """And asks for that one where the hub went on."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    model = tmp_path / "cache" / "models--tiny--land"
    shutil.copytree(tiny, model / "snapshots" / COMMIT)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text(COMMIT)
    first = opened("tiny/land")
    world = made(first)
    assert world.model.recipe.source == f"tiny/land@{COMMIT}"
    before = paint(world, HOME)
    world.pack(tmp_path / "land.earth", latents=True)
    first.close()
    (model / "snapshots" / COMMIT).rename(model / "snapshots" / ("6" * 40))
    config = model / "snapshots" / ("6" * 40) / "scheduler" / "scheduler_config.json"
    put(config, {**json.loads(config.read_text()), "beta_end": 0.02})
    (model / "refs" / "main").write_text("6" * 40)
    later = opened("tiny/land")
    assert f"`python app.py model fetch tiny/land@{COMMIT}`" in later.get("land").access.reason
    with pytest.raises(ModelRefused, match=COMMIT):
        later.unpack(tmp_path / "land.earth")
    going = later.unpack(tmp_path / "land.earth", other_weights=True)
    assert going.model.recipe.source == "tiny/land@" + "6" * 40
    assert paint(going, HOME) == before  # which came along; the journal says what paints from here on
    assert [line.kind for line in going.store.journal()] == ["prompt", "model"]
    later.close()
    # The same weights in a folder of any name will do.
    assert not opened(tiny).unpack(tmp_path / "land.earth").readonly


def test_where_memory_ran_out_the_world_remembers_how_many_are_painted_at_once(tiny, opened):
    atlas = opened(tiny, batch=4)
    world, painter = made(atlas), Painter()
    small(world.model, 2)
    painter.paint(world, list(Box(15, HOME.x, HOME.y, HOME.x + 3, HOME.y + 3).tiles())).result(120)
    painter.close()
    assert world.store.settings()["recipe"]["batch"] == 2
    atlas.close()
    assert opened(tiny, batch=4).get("land").model.traits.batch == 2


def test_a_world_from_before_is_the_same_and_remembers_from_now_on(tiny, opened):
    atlas = opened(tiny)
    world = made(atlas)
    before = paint(world, HOME)
    settings = world.store.settings()
    assert settings["recipe"].pop("licence") == "apache-2.0"
    world.store.change_settings(recipe=None)
    atlas.close()
    again = opened(tiny).get("land")
    assert [line.kind for line in again.store.journal()] == ["prompt"]
    assert paint(again, HOME) == before and again.store.settings()["recipe"] == {
        **settings["recipe"],
        "licence": "apache-2.0",
    }
