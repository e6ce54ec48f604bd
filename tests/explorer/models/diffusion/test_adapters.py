import logging
import re
import shutil

import pytest
import torch
from safetensors.torch import save_file

from explorer.models.diffusion.adapters import Adapter, merged, parse
from explorer.models.diffusion.loading import load_parts
from explorer.models.library import Library
from tests.diffusions import build_diffusion
from tiles.errors import ModelRefused

QUERY = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_q"
FIRST = "encoder.layers.0.self_attn.q_proj"  # of the text tower


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return build_diffusion(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def parts(tiny):
    return load_parts(tiny, "cpu", torch.float32)


def lora(path, module=f"unet.{QUERY}", width=16, inner=16, seed=0):
    """A LoRA of rank 2 for one layer; what it adds at weight 1."""
    down = torch.randn(2, inner, generator=torch.manual_seed(seed))
    up = torch.randn(width, 2, generator=torch.manual_seed(seed + 1))
    save_file({f"{module}.lora_A.weight": down, f"{module}.lora_B.weight": up}, path)
    return up @ down


def query(parts):
    return parts.unet.get_submodule(QUERY).weight.detach().clone()


def test_a_layer_is_turned_by_its_weight(parts, tmp_path, caplog):
    logging.getLogger("diffusers").addHandler(caplog.handler)
    change = lora(tmp_path / "a.safetensors")
    before, others = query(parts), parts.unet.conv_in.weight.detach().clone()
    after = merged(parts, [Adapter(tmp_path / "a.safetensors", 0.5)])
    torch.testing.assert_close(query(after), before + 0.5 * change)
    assert torch.equal(after.unet.conv_in.weight, others)
    assert not any("lora" in name for name, _ in after.unet.named_parameters())
    assert not any(each.requires_grad for each in after.unet.parameters())
    assert not caplog.records  # of the text tower, which it leaves alone
    logging.getLogger("diffusers").removeHandler(caplog.handler)


def test_several_add_up(parts, tmp_path):
    one = lora(tmp_path / "a.safetensors")
    two = lora(tmp_path / "b.safetensors", seed=5)
    before = query(parts)
    after = merged(parts, [Adapter(tmp_path / "a.safetensors"), Adapter(tmp_path / "b.safetensors", -0.5)])
    torch.testing.assert_close(query(after), before + one - 0.5 * two)


def test_the_text_tower_is_turned_too(parts, tmp_path):
    change = lora(tmp_path / "a.safetensors", f"text_encoder.{FIRST}", 32, 32)
    layer = parts.text_encoder.get_submodule(FIRST)
    before = layer.weight.detach().clone()
    after = merged(parts, [Adapter(tmp_path / "a.safetensors")])
    torch.testing.assert_close(after.text_encoder.get_submodule(FIRST).weight, before + change)


def test_the_digest_knows_file_and_weight_but_not_the_place(tiny, tmp_path):
    def digest(*adapters):
        return merged(load_parts(tiny, "cpu", torch.float32), adapters).digest

    file = tmp_path / "a.safetensors"
    lora(file)
    copy = shutil.copy(file, tmp_path / "copy.safetensors")
    assert digest(Adapter(file)) == digest(Adapter(copy))
    assert len({digest(), digest(Adapter(file)), digest(Adapter(file, 0.5))}) == 3


def test_what_does_not_fit_is_named(parts, tmp_path):
    file = tmp_path / "a.safetensors"
    lora(file, width=24)
    with pytest.raises(ModelRefused, match=r"a\.safetensors does not fit this model"):
        merged(parts, [Adapter(file)])
    lora(file, "unet.nothing.here")
    with pytest.raises(ModelRefused, match=r"a\.safetensors"):
        merged(parts, [Adapter(file)])
    save_file({"x": torch.zeros(2)}, file)
    with pytest.raises(ModelRefused, match="holds no LoRA"):
        merged(parts, [Adapter(file)])
    torch.save({"unet.lora_A.weight": torch.zeros(2)}, file)
    with pytest.raises(ModelRefused, match="is not a safetensors file"):
        merged(parts, [Adapter(file)])


def test_how_they_are_written(tmp_path):
    file = tmp_path / "with:colon.safetensors"
    lora(file)
    assert parse(str(file)) == Adapter(file) and parse(f"{file}:0.25") == Adapter(file, 0.25)
    with pytest.raises(ModelRefused, match=r"weight 9\.0 is outside -4 to 4"):
        parse(f"{file}:9")
    with pytest.raises(ModelRefused, match="outside"):
        parse(f"{file}:nan")
    with pytest.raises(ModelRefused, match=re.escape("[:WEIGHT] is needed")):
        parse(str(tmp_path / "none.safetensors"))


def test_a_library_merges_them_and_terra_takes_none(tiny, tmp_path):
    lora(tmp_path / "a.safetensors")
    given = {"steps": 2, "adapters": [f"{tmp_path / 'a.safetensors'}:0.5"]}
    turned, plain = Library(str(tiny), "cpu", given).get(), Library(str(tiny), "cpu", {"steps": 2}).get()
    assert turned.traits.digest != plain.traits.digest
    with pytest.raises(ModelRefused, match="terra takes no adapters"):
        Library("terra", "cpu", given).get()
