import json
import shutil

import numpy as np
import pytest

from explorer.models.diffusion.guiding import card
from explorer.models.library import Library
from explorer.painting.guides import Cut
from explorer.painting.pyramid import pyramid_of
from explorer.painting.window import Condition, WindowSpec, assemble
from explorer.service import guiding
from explorer.service.placing import Sheet
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.diffusions import build_controlnet, build_diffusion
from tests.explorer.models.diffusion.test_loading import change_weights
from tiles.errors import ModelRefused
from tiles.grid import Box, Tile
from tiles.recipe import UNSAID

FEW = {"steps": 2}
HOME = 2**14
BLOCK = Box(15, HOME, HOME, HOME + 2, HOME + 2)  # A, B, B and D, which needs five more


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return build_diffusion(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def network(base, tmp_path_factory):
    return build_controlnet(tmp_path_factory.mktemp("controlnets") / "edges", base)


@pytest.fixture(scope="module")
def library(base, network):
    return Library(str(base), "cpu", {**FEW, "controlnet": str(network)})


def window(model, guide=None, batch=1):
    spec = WindowSpec(
        pyramid_of(15, 0, model.traits.halo, model.traits.space), 1, (Condition("snow"),), "", guide
    )
    return assemble(Tile(15, HOME, HOME), spec, {})


def half(strength, side=48):
    """A guide in the upper half of a window."""
    pixels = np.random.default_rng(0).integers(0, 255, (8 * side, 8 * side, 3), np.uint8)
    weight = np.zeros((1, side, side), np.float32)
    weight[:, : side // 2] = strength
    return Cut(pixels, weight)


def test_it_follows_a_guide_and_paints_as_before_without_one(library, base):
    guided, plain = library.get(), Library(str(base), "cpu", FEW).get()
    assert guided.traits.guide == "Follows edges, white on black." and not plain.traits.guide
    assert guided.traits.digest != plain.traits.digest
    (before,), (alone,) = plain.paint([window(plain)]), guided.paint([window(guided)])
    (led,) = guided.paint([window(guided, half(1.0))])
    (weaker,) = guided.paint([window(guided, half(0.3))])
    assert (before == alone).all() and (led != alone).any() and (weaker != led).any()
    above, below = np.abs(led - alone)[:, :20].mean(), np.abs(led - alone)[:, 30:].mean()
    assert above > 2 * below
    assert np.abs(weaker - alone).mean() < np.abs(led - alone).mean()


def test_without_a_controlnet_guided_land_is_not_painted(base):
    plain = Library(str(base), "cpu", FEW).get()
    with pytest.raises(ModelRefused, match="a guide lies on the map here, and tiny takes none"):
        plain.paint([window(plain, half(1.0))])


def test_windows_with_and_without_a_guide_are_painted_in_one_call_alike(library):
    model = library.get()
    windows = [window(model, half(1.0)), window(model), window(model, half(0.5))]
    alone = [model.paint([each])[0] for each in windows]
    model.most = 3
    try:
        together = model.paint(windows)
    finally:
        model.most = 1
    assert all((one == other).all() for one, other in zip(alone, together, strict=True))


@pytest.mark.parametrize("inputs", [8, 9])
def test_models_for_masks_and_instructions_follow_guides_too(tmp_path, inputs):
    base = build_diffusion(tmp_path / "base", inputs, level=False, side=32)  # four squares a window
    network = build_controlnet(tmp_path / "edges", build_diffusion(tmp_path / "plain", 4, level=False))
    model = Library(str(base), "cpu", {**FEW, "controlnet": str(network)}).get()
    (led,), (alone,) = model.paint([window(model, half(1.0))]), model.paint([window(model)])
    assert np.isfinite(led).all() and (led != alone).any()


def test_the_order_of_painting_changes_no_byte_and_tiles_join(library, tmp_path):
    atlas = Atlas(tmp_path / "worlds", library, 2**26)
    found = []
    for tiles in (list(BLOCK.tiles()), list(BLOCK.tiles())[::-1]):
        world = atlas.create(NewWorld("Land", "rocky coast", seed=1, sketch=0))
        pixels = np.random.default_rng(0).integers(0, 255, (500, 500, 3), np.uint8)
        sheet = Sheet(pixels, np.ones((500, 500), bool), HOME * 256 + 40, HOME * 256 - 30)
        world.journal.guide(guiding.guide_of(sheet, 15, 1.0))
        for tile in tiles:
            world.canvas.paint([tile], world.model.paint, 1)
        snapshot = world.canvas.snapshot()
        found.append([snapshot.latents(snapshot.shown(tile)) for tile in BLOCK.tiles()])
        pixels = [world.renderer.pixels(Tile(15, HOME + x, HOME)).astype(int) for x in (0, 1)]
    assert all((one == other).all() for one, other in zip(*found, strict=True))
    row = np.concatenate(pixels, 1)
    steps = np.abs(np.diff(row, axis=1)).mean((0, 2))
    assert steps[255] < 2 * np.concatenate([steps[200:255], steps[256:311]]).mean()
    atlas.close()


def test_a_world_remembers_its_controlnet_and_names_it_where_it_is_missing(library, base, network, tmp_path):
    recipe = library.get().recipe
    assert recipe.guide.name == "edges" and recipe.guide.wants == "Follows edges, white on black."
    words = "the ControlNet edges .*, which follows 'Follows edges, white on black.', is not here"
    with pytest.raises(ModelRefused, match=words):
        Library(str(base), "cpu", FEW).require(str(base), recipe)
    moved = shutil.copytree(network, tmp_path / "moved")
    again = Library(str(base), "cpu", {**FEW, "controlnet": str(moved)})
    assert again.require(str(base), recipe) == "tiny"
    assert again.get(str(base), recipe).traits.digest == library.get().traits.digest


def test_what_it_follows_can_be_said(base, network):
    said = Library(str(base), "cpu", {**FEW, "controlnet": str(network), "guide": "roads"})
    assert said.get().traits.guide == "roads"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("---\nlicense: mit\n---\n# Name\n\n![x](y)\n\nFollows maps.\nMore.", "Follows maps."),
        ("# Name\n", UNSAID),
        ("", UNSAID),
    ],
)
def test_the_card_says_what_it_follows(tmp_path, text, found):
    (tmp_path / "README.md").write_text(text)
    assert card(tmp_path) == found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"_class_name": "UNet2DConditionModel"}, "_class_name is UNet2DConditionModel; ControlNetModel is"),
        ({"cross_attention_dim": 768}, "cross_attention_dim is 768; .* has 32. This ControlNet was made for"),
        ({"conditioning_channels": 1}, "conditioning_channels is 1; 3 is needed"),
        ({"block_out_channels": [8, 8]}, r"block_out_channels is \[8, 8\]"),
    ],
)
def test_a_controlnet_for_another_model_is_refused(base, network, tmp_path, change, words):
    folder = shutil.copytree(network, tmp_path / "changed")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(ModelRefused, match=words):
        Library(str(base), "cpu", {**FEW, "controlnet": str(folder)}).get()


def test_a_controlnet_that_is_not_there_or_no_safetensors_is_refused(base, network, tmp_path):
    def refused(name, words):
        with pytest.raises(ModelRefused, match=words):
            Library(str(base), "cpu", {**FEW, "controlnet": str(name)}).get()

    refused(tmp_path / "nothing", "it is no folder, and no owner/name")
    folder = shutil.copytree(network, tmp_path / "changed")
    weights = folder / "diffusion_pytorch_model.safetensors"
    change_weights(weights, lambda each: each.pop("controlnet_mid_block.weight"))
    refused(folder, "changed: its weights lack controlnet_mid_block.weight")
    weights.write_bytes(b"pickle")
    refused(folder, "not a safetensors file")
    weights.rename(folder / "diffusion_pytorch_model.bin")
    refused(folder, "there as a pickle only")
    (folder / "diffusion_pytorch_model.bin").unlink()
    refused(folder, "diffusion_pytorch_model.safetensors is missing")
    (folder / "config.json").unlink()
    refused(folder, "config.json is missing, and so is controlnet/config.json")


def test_terra_takes_no_controlnet(network):
    with pytest.raises(ModelRefused, match="terra takes no ControlNet"):
        Library("terra", "cpu", {"controlnet": str(network)}).get()
