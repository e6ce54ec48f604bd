"""Hostile models: refused by content, never run."""

import json
import pickle
import shutil

import pytest

from explorer.models.library import Library
from tiles.errors import ModelRefused


class Bomb:
    def __reduce__(self):
        return (exec, ("raise SystemExit('a pickle was run')",))


@pytest.fixture
def copy(bundle, tmp_path):
    return shutil.copytree(bundle, tmp_path / "model")


def test_the_untouched_copy_is_read(copy):
    assert Library(str(copy), "cpu").get().traits.name == "tiny"


def test_a_pickle_under_the_name_of_safetensors_is_refused(copy):
    (copy / "denoiser" / "diffusion_pytorch_model.safetensors").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ModelRefused, match="not a safetensors file"):
        Library(str(copy), "cpu").get()


@pytest.mark.parametrize("name", ["model.bin", "model.ckpt", "sub/weights.pt", "x.pkl"])
def test_a_pickle_lying_beside_is_refused(copy, name):
    path = copy / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ModelRefused, match="only safetensors"):
        Library(str(copy), "cpu").get()


def test_truncated_weights_are_refused(copy):
    path = copy / "autoencoder" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelRefused):
        Library(str(copy), "cpu").get()


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"family": 3}', '{"family": "evil"}', '{"family": "terra"}']
)
def test_a_bundle_that_says_nonsense_is_refused(copy, text):
    (copy / "bundle.json").write_text(text)
    with pytest.raises(ModelRefused):
        Library(str(copy), "cpu").get()


def test_no_model_and_no_device_are_named(tmp_path):
    with pytest.raises(ModelRefused, match="no model 'nowhere'"):
        Library("nowhere", "cpu").get()
    with pytest.raises(ModelRefused, match="auto, cpu or cuda"):
        Library("terra", "abacus").get()


def test_a_config_of_another_class_is_refused(copy):
    config = copy / "denoiser" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "widths": [8, 8, 8]}))
    with pytest.raises(ModelRefused):
        Library(str(copy), "cpu").get()
