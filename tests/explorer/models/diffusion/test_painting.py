import shutil

import numpy as np
import pytest
import torch

from explorer.models.library import Library
from explorer.painting.pyramid import pyramid_of
from explorer.painting.window import Condition, WindowSpec, assemble
from explorer.service import edits
from explorer.service.painter import Painter
from explorer.web.calls import finished
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.diffusions import build_diffusion
from tiles.errors import ModelRefused, PaintingFailed
from tiles.grid import Box, Tile
from tiles.latents import USUAL

KINDS = {"text": 4, "instruct": 8, "inpaint": 9}
FEW = {"steps": 2}
HOME = 2**14  # the middle of zoom 15


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    """A model of each kind."""
    home = tmp_path_factory.mktemp("models")
    return {
        kind: Library(str(build_diffusion(home / kind, inputs)), "cpu", FEW) for kind, inputs in KINDS.items()
    }


@pytest.fixture
def library(libraries, request):
    """The one that paints from text, or the one that a test names."""
    return libraries[getattr(request, "param", "text")]


every_kind = pytest.mark.parametrize("library", list(KINDS), indirect=True)


@pytest.fixture
def atlas(tmp_path, library):
    atlas = Atlas(tmp_path / "worlds", library, 2**26)
    yield atlas
    atlas.close()


def paint(world, tiles):
    return world.canvas.paint(tiles, world.model.paint, world.model.traits.batch)


BLOCK = Box(15, HOME, HOME, HOME + 2, HOME + 2)  # A, B, B and D, which needs five more


def latents(world, box=BLOCK):
    snapshot = world.canvas.snapshot()
    return {tile: snapshot.latents(snapshot.shown(tile)) for tile in box.tiles()}


@pytest.fixture(scope="module")
def blocks(libraries, tmp_path_factory):
    """The folders of a world of each kind, with the block painted once for all tests."""
    found = {}
    for kind, library in libraries.items():
        found[library.default] = tmp_path_factory.mktemp(kind)
        atlas = Atlas(found[library.default], library, 2**26)
        paint(atlas.create(NewWorld("Land", "rocky coast", seed=1, sketch=0)), BLOCK.tiles())
        atlas.close()
    return found


@pytest.fixture
def block(blocks, library, atlas):
    """A world of one's own with the block."""
    shutil.copytree(blocks[library.default] / "land", atlas.folder / "land")
    return atlas.get("land")


@every_kind
def test_the_order_of_painting_changes_no_byte(block, atlas):
    other = atlas.create(NewWorld("Other", "rocky coast", seed=1, sketch=0))
    for tile in reversed(list(BLOCK.tiles())):
        paint(other, [tile])
    one, two = latents(block), latents(other)
    assert all((one[tile] == two[tile]).all() for tile in one)
    assert all((block.renderer.pixels(t) == other.renderer.pixels(t)).all() for t in BLOCK.tiles())


def test_prompts_and_seeds_and_levels_paint_other_land(atlas):
    made = [
        NewWorld("A", "rocky coast", seed=1, sketch=0),
        NewWorld("B", "desert", seed=1, sketch=0),
        NewWorld("C", "rocky coast", seed=2, sketch=0),
        NewWorld("D", "rocky coast", seed=1, sketch=0, base_zoom=16),
    ]
    found = []
    for new in made:
        world = atlas.create(new)
        cell = Tile(world.base_zoom, 0, 0)
        paint(world, [cell])
        found.append(latents(world, Box(world.base_zoom, 0, 0, 1, 1))[cell])
    assert all((a != b).any() for i, a in enumerate(found) for b in found[:i])


@every_kind
def test_edits_join_and_are_undone_to_the_byte(block, jobs):
    painter = Painter()
    middle = Tile(15, HOME, HOME)
    before = latents(block)
    request = edits.EditRequest([middle], "snow", "", 1.0, 3)
    finished(edits.start(block, painter, jobs, edits.checked(block, request, 64)))
    after = latents(block)
    assert [tile for tile in before if (after[tile] != before[tile]).any()] == [middle]
    edits.undo(block, painter, jobs)
    assert all((latents(block)[tile] == before[tile]).all() for tile in before)
    painter.close()


def test_a_coarser_level_is_where_sampling_begins(atlas):
    world = atlas.create(NewWorld("Sketched", "rocky coast", seed=1))
    assert world.pyramid.sketch == 2
    cell = Tile(15, 0, 0)
    assert paint(world, [cell]) > 1  # the sketch under it too
    alone = atlas.create(NewWorld("Alone", "rocky coast", seed=1, sketch=0))
    paint(alone, [cell])
    box = Box(15, 0, 0, 1, 1)
    assert (latents(world, box)[cell] != latents(alone, box)[cell]).any()


@every_kind
def test_tiles_join_across_their_borders(block):
    row = np.concatenate([block.renderer.pixels(Tile(15, HOME + x, HOME + 1)) for x in range(3)], 1).astype(
        int
    )
    steps = np.abs(np.diff(row, axis=1)).mean((0, 2))
    joins = steps[[255, 511]]
    beside = np.concatenate([steps[200:255], steps[256:311], steps[456:511], steps[512:567]])
    assert joins.mean() < 2 * beside.mean()


def test_pictures_become_latents_and_back(library):
    model = library.get()
    pixels = np.random.default_rng(0).integers(0, 255, (256, 512, 3), np.uint8)
    found = model.encode(pixels)
    assert found.shape == (4, 32, 64) and found.dtype == np.float32 and np.isfinite(found).all()
    tile = model.decode(np.zeros((4, 80, 80), np.float32))
    assert tile.shape == (256, 256, 3) and tile.dtype == np.uint8


def test_what_is_too_long_is_said(library):
    model = library.get()
    assert model.read_prompt("a coast") == ("", ())
    cut, unknown = model.read_prompt("stone " * 30)
    assert cut.startswith("stone") and not unknown
    assert model.read_prompt("x" * 200).cut == "x" * 200


def test_other_options_are_another_model(libraries):
    one = libraries["text"].get().traits
    other = Library(libraries["text"].default, "cpu", {"steps": 3}).get().traits
    assert one.digest != other.digest and (one.steps, other.steps) == (2, 3)
    assert one.zooms[0] == 10 and one.zooms[-1] == 18 and one.licence == "apache-2.0"


def test_steps_that_cannot_be_are_refused(libraries):
    with pytest.raises(ModelRefused, match="steps: it must be 1 to 999"):
        Library(libraries["text"].default, "cpu", {"steps": 0}).get()


@pytest.mark.parametrize("sampler", ["euler", "ddim", "dpm++2m", "lcm"])
def test_every_sampler_paints(tmp_path, sampler):
    folder = build_diffusion(tmp_path / "tiny", level=sampler != "lcm", side=32)  # four squares a window
    library = Library(str(folder), "cpu", {**FEW, "sampler": sampler, "level_scale": 2.0})
    atlas = Atlas(tmp_path / "worlds", library, 2**26)
    world = atlas.create(NewWorld("Land", "coast", seed=1, sketch=0))
    paint(world, [Tile(15, 1, 0)])  # phase B: two of its neighbours are known
    assert np.isfinite(latents(world, Box(15, 0, 0, 3, 1))[Tile(15, 1, 0)]).all()
    atlas.close()


def window(model, known, hold):
    """A window of phase A over ``known`` latents that are held until ``hold``."""
    spec = WindowSpec(pyramid_of(15, 0, model.traits.halo, USUAL), 1, (Condition("snow"),))
    made = assemble(Tile(15, 0, 0), spec, {})
    return made._replace(
        known=np.full_like(made.known, known), hold_until=np.full_like(made.hold_until, hold)
    )


def shown(model, *windows):
    """What the UNet is shown while windows are painted: each call's channels after the noisy latents."""
    calls = []
    hook = model.parts.unet.register_forward_pre_hook(lambda _, args: calls.append(args[0][:, 4:].clone()))
    for each in windows:
        model.paint([each])
    hook.remove()
    return calls


@pytest.mark.parametrize("library", ["instruct"], indirect=True)
def test_a_model_that_edits_by_instruction_is_shown_the_land_that_is_edited(library):
    model = library.get()
    calls = shown(model, window(model, 0.6, 0.5))
    unscaled = 0.6 / model.parts.vae.config["scaling_factor"]
    means = {round(float(call.mean()), 4) for call in calls}
    assert means == {round(unscaled, 4), 0.0}  # and without it, to be guided away from
    assert all(float(call.std()) < 1e-6 for call in calls)
    fresh = shown(model, window(model, 0.0, 1.0))
    assert all((call == 0).all() for call in fresh)


def test_without_guidance_one_call_a_step_is_made(libraries):
    calls = {}
    for scale in (1.0, 4.0):
        library = Library(libraries["text"].default, "cpu", {**FEW, "guidance_scale": scale})
        calls[scale] = len(shown(library.get(), window(library.get(), 0.0, 1.0)))
    assert calls == {1.0: 2, 4.0: 4}


@pytest.mark.parametrize("library", list(KINDS), indirect=True)
def test_a_cell_is_the_same_in_a_batch_as_in_another_order_of_it(library):
    model = library.get()
    model.traits, model.most = model.traits._replace(batch=3), 3
    one, two = window(model, 0.0, 1.0), window(model, 0.5, 0.5)
    try:
        forth, back = model.paint([one, two]), model.paint([two, one])
        alone = model.paint([one])
    finally:
        model.traits, model.most = model.traits._replace(batch=1), 1
    assert (forth[0] == back[1]).all() and (forth[1] == back[0]).all() and (forth[0] == alone[0]).all()


def small(model, most):
    """As on a GPU that has room for ``most`` windows."""

    def look(_, args):
        if len(args[0]) > most:
            raise torch.OutOfMemoryError("CUDA out of memory")

    return model.parts.unet.register_forward_pre_hook(look)


def test_where_memory_runs_out_fewer_windows_are_painted_at_once(libraries):
    library = Library(libraries["text"].default, "cpu", {**FEW, "batch": 4})
    model = library.get()
    windows = [window(model, 0.1 * i, 0.5) for i in range(4)]
    wanted = model.paint(windows)
    hook = small(model, 1)
    for found, whole in zip(model.paint(windows), wanted, strict=True):
        np.testing.assert_allclose(found, whole, atol=1e-3)
    assert model.traits.batch == model.recipe.batch == 1
    hook.remove()
    small(model, 0)
    with pytest.raises(PaintingFailed, match="no room to paint a window"):
        model.paint(windows)
