import json

import numpy as np
import pytest
import torch
from diffusers import LCMScheduler

from explorer.models.diffusion.distilled import guidance_embedding
from explorer.models.library import Library
from tests.diffusions import build_controlnet, build_diffusion, put
from tests.explorer.models.diffusion.test_guiding import half
from tests.explorer.models.diffusion.test_painting import window
from tiles.errors import ModelRefused

USED = {"steps": 3, "sampler": "lcm"}
TOLD = 16  # numbers by which the scale is told


@pytest.mark.parametrize("scale", [1.0, 1.5, 4.0, 8.5, 20.0])
@pytest.mark.parametrize("size", [4, 9, 256, 512])
def test_a_scale_is_told_as_diffusers_tells_it(scale, size):
    from diffusers import StableDiffusionPipeline  # not before the models, see torchvision_cure

    theirs = StableDiffusionPipeline.get_guidance_scale_embedding(
        None, torch.tensor([scale - 1]), embedding_dim=size
    )
    ours = guidance_embedding(scale, size)
    assert ours.dtype is torch.float32
    torch.testing.assert_close(ours, theirs, atol=3e-3, rtol=0)  # theirs are angles in float32, up to 19,000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build_diffusion(tmp_path_factory.mktemp("models") / "tiny", level=False, told=TOLD)


def watched(unet):
    """What a UNet is given from now on, and what it says."""
    calls = []

    def look(_, args, named, said):
        calls.append((*args[:2], named["timestep_cond"], said[0].clone()))

    unet.register_forward_hook(look, with_kwargs=True)
    return calls


def test_land_is_predicted_as_by_diffusers_own_pipeline(folder):
    from diffusers import StableDiffusionPipeline

    model = Library(str(folder), "cpu", {**USED, "guidance_scale": 7.5}).get()
    parts = model.parts
    calls = watched(parts.unet)
    model.paint([window(model, 0.0, 1.0)])
    ours = calls.copy()
    calls.clear()
    pipeline = StableDiffusionPipeline(
        parts.vae, parts.text_encoder, parts.tokenizer, parts.unet,
        LCMScheduler.from_config(parts.scheduler_config, clip_sample=False),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    pipeline.set_progress_bar_config(disable=True)
    first = ours[0][0]
    pipeline("snow", num_inference_steps=3, guidance_scale=7.5, latents=first, output_type="latent")
    assert len(ours) == len(calls) == 3  # one call a step
    assert [float(each[1]) for each in ours] == [float(each[1]) for each in calls]
    assert torch.equal(calls[0][0], first)
    torch.testing.assert_close(ours[0][2].expand_as(calls[0][2]), calls[0][2], atol=1e-3, rtol=0)
    torch.testing.assert_close(ours[0][3], calls[0][3], atol=1e-3, rtol=0)


def test_the_scale_is_heard_and_is_part_of_the_model(folder, tmp_path):
    one, other = (
        Library(str(folder), "cpu", {**USED, "guidance_scale": scale}).get() for scale in (1.0, 6.0)
    )
    (first,), (second,) = (model.paint([window(model, 0.0, 1.0)]) for model in (one, other))
    assert np.abs(first - second).max() > 1e-3 and one.traits.digest != other.traits.digest


def test_such_models_fill_masks_and_follow_guides(folder, tmp_path):
    network = build_controlnet(tmp_path / "edges", build_diffusion(tmp_path / "plain", level=False))
    masks = build_diffusion(tmp_path / "masks", 9, level=False, told=TOLD)
    for base in (folder, masks):
        model = Library(str(base), "cpu", {**USED, "controlnet": str(network)}).get()
        calls = watched(model.parts.unet)
        edit = window(model, 0.2, 0.5)
        (alone,), (led,) = model.paint([edit]), model.paint([edit._replace(guide=half(1.0))])
        assert (alone != led).any() and np.isfinite(led).all()
        assert calls and all(torch.equal(each[2], guidance_embedding(4.0, TOLD)) for each in calls)


@pytest.mark.parametrize(
    ("inputs", "told", "words"),
    [
        (4, 1, "time_cond_proj_dim is 1; 2 to 4096 is needed"),
        (4, "many", "time_cond_proj_dim is many; 2 to 4096 is needed"),
        (8, TOLD, "time_cond_proj_dim is 16; None is needed"),
    ],
)
def test_a_scale_that_cannot_be_told_is_refused(tmp_path, inputs, told, words):
    folder = build_diffusion(tmp_path / "tiny", inputs, level=False)
    config = folder / "unet" / "config.json"
    put(config, {**json.loads(config.read_text()), "time_cond_proj_dim": told})
    with pytest.raises(ModelRefused, match=words):
        Library(str(folder), "cpu", USED).get()
