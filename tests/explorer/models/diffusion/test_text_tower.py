import pytest
import torch
from safetensors.torch import save_file

from explorer.models.diffusion import text_tower
from tiles.errors import ModelRefused

WORDS, WIDTH, HEAD, LAYERS, LENGTH = 90, 32, 8, 4, 12


@pytest.fixture(scope="module")
def theirs():
    """A text tower of open_clip's with random weights."""
    from open_clip.transformer import TextTransformer

    torch.manual_seed(0)
    tower = TextTransformer(
        context_length=LENGTH,
        vocab_size=WORDS,
        width=WIDTH,
        heads=WIDTH // HEAD,
        layers=LAYERS,
        output_dim=16,
    ).eval()
    for weight in tower.parameters():  # biases and norms begin as 0 and 1, which would hide a mistake
        torch.nn.init.normal_(weight, std=0.2)
    return tower


@pytest.fixture
def file(theirs, tmp_path):
    path = tmp_path / "open_clip_model.safetensors"
    weights = {name: tensor.clone() for name, tensor in theirs.state_dict().items()}
    save_file({**weights, "visual.proj": torch.zeros(2), "logit_scale": torch.ones(1)}, path)
    return path


@torch.inference_mode()
def after_layer(tower, ids, count):
    """What open_clip's own layers make of prompts, after ``count`` of them and the last norm."""
    x = tower.token_embedding(ids) + tower.positional_embedding
    for block in tower.transformer.resblocks[:count]:
        x = block(x, attn_mask=tower.attn_mask)
    return tower.ln_final(x)


def test_embeddings_are_those_of_open_clip(theirs, file):
    ids = torch.randint(0, WORDS, (3, LENGTH), generator=torch.manual_seed(1))
    found = text_tower.converted(text_tower.read(file), HEAD)(ids).last_hidden_state
    torch.testing.assert_close(found, after_layer(theirs, ids, LAYERS - 1), atol=2e-5, rtol=1e-4)
    assert (found - after_layer(theirs, ids, LAYERS)).abs().max() > 0.1  # not those of the last layer


def test_a_saved_tower_is_the_same(file, tmp_path):
    from transformers import CLIPTextModel

    tower = text_tower.converted(text_tower.read(file), HEAD)
    tower.save_pretrained(tmp_path / "text_encoder")
    again = CLIPTextModel.from_pretrained(tmp_path / "text_encoder")
    ids = torch.arange(LENGTH)[None]
    assert torch.equal(tower(ids).last_hidden_state, again(ids).last_hidden_state)


def test_a_layer_that_is_missing_is_named(file):
    tower = text_tower.read(file)
    del tower["transformer.resblocks.1.attn.in_proj_bias"]
    with pytest.raises(ModelRefused, match=r"resblocks\.1\.attn\.in_proj_bias"):
        text_tower.converted(tower, HEAD)


def test_what_is_no_tower_is_refused(tmp_path):
    save_file({"x": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(ModelRefused, match="holds no text tower"):
        text_tower.read(tmp_path / "other.safetensors")
    torch.save({"x": torch.zeros(2)}, tmp_path / "pickle.safetensors")
    with pytest.raises(ModelRefused, match="not a safetensors file"):
        text_tower.read(tmp_path / "pickle.safetensors")
