import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from explorer.models.diffusion.loading import load_parts
from tests.diffusions import build_diffusion, put
from tiles.errors import ModelRefused


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return build_diffusion(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def folder(tiny, tmp_path):
    return shutil.copytree(tiny, tmp_path / "mine")


def test_components_are_loaded_as_they_were_saved(tiny):
    parts = load_parts(tiny, "cpu", torch.float32)
    assert (parts.name, parts.licence, parts.device, parts.dtype) == (
        "tiny",
        "apache-2.0",
        "cpu",
        torch.float32,
    )
    assert parts.scheduler_config["beta_schedule"] == "scaled_linear"
    tokens = parts.tokenizer("coast", padding="max_length", return_tensors="pt").input_ids
    assert tokens.shape == (1, 77)
    seen = parts.text_encoder(tokens).last_hidden_state
    noise = torch.randn(1, 4, 32, 32, generator=torch.manual_seed(0))
    predicted = parts.unet(noise, 10, seen, class_labels=torch.tensor([14])).sample
    assert predicted.shape == noise.shape and torch.isfinite(predicted).all()
    assert parts.vae.decode(noise).sample.shape == (1, 3, 256, 256)
    assert not any(
        p.requires_grad for part in (parts.unet, parts.vae, parts.text_encoder) for p in part.parameters()
    )


def test_half_precision_is_read_from_its_own_files(folder):
    parts = load_parts(folder, "cpu", torch.float32)
    parts.unet.half().save_pretrained(folder / "unet", variant="fp16")
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    again = load_parts(folder, "cpu", torch.bfloat16)
    assert next(again.unet.parameters()).dtype is torch.bfloat16
    assert again.digest != parts.digest


def test_the_decoder_is_wide_where_the_rest_is_half(folder):
    parts = load_parts(folder, "cpu", torch.float16)
    assert next(parts.unet.parameters()).dtype is torch.float16
    assert next(parts.vae.parameters()).dtype is torch.float32


def test_the_digest_is_that_of_what_paints(folder, tiny):
    before = load_parts(tiny, "cpu", torch.float32).digest
    (folder / "README.md").write_text("another card")
    assert load_parts(folder, "cpu", torch.float32).digest == before
    config = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
    put(folder / "scheduler" / "scheduler_config.json", {**config, "beta_end": 0.02})
    assert load_parts(folder, "cpu", torch.float32).digest != before


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("unet/config.json", {"in_channels": 5}, "in_channels is 5; 4 or 8 or 9 is needed"),
        ("unet/config.json", {"cross_attention_dim": 768}, "cross_attention_dim is 768; 32 is needed"),
        ("unet/config.json", {"class_embed_type": "projection"}, "class_embed_type is projection"),
        ("unet/config.json", {"addition_embed_type": "text"}, "addition_embed_type is text; None is needed"),
        (
            "unet/config.json",
            {"class_embed_type": None, "num_class_embeds": 9},
            "num_class_embeds is 9; None is needed",
        ),
        ("unet/config.json", {"sample_size": None}, "sample_size is None; 8 to 1024 is needed"),
        ("unet/config.json", {"sample_size": [48, 48]}, r"sample_size is \[48, 48\]; 8 to 1024"),
        ("vae/config.json", {"scaling_factor": None}, "scaling_factor is None; a number above 0 is needed"),
        ("tokenizer/tokenizer_config.json", {"model_max_length": 200}, "model_max_length is 200; 3 to 77 is"),
        ("tokenizer/tokenizer_config.json", {"model_max_length": None}, "model_max_length is None; 3 to 77"),
        ("vae/config.json", {"latent_channels": 65}, "its latents have 65 channels"),
        ("vae/config.json", {"block_out_channels": [4] * 6}, "its latents have 4 channels and 32 pixels"),
        ("unet/config.json", {"out_channels": 8}, "out_channels is 8; 4 is needed"),
        ("model_index.json", {"unet": ["x", "Evil"]}, "unet is a Evil; a UNet2DConditionModel is needed"),
        ("model_index.json", {"vae": None}, "vae is a None; a AutoencoderKL is needed"),
    ],
)
def test_what_does_not_fit_is_named_with_its_file(folder, file, change, words):
    config = json.loads((folder / file).read_text())
    put(folder / file, {**config, **change})
    with pytest.raises(ModelRefused, match=f"mine/{file}: {words}"):
        load_parts(folder, "cpu", torch.float32)


def test_a_unet_for_other_latents_than_the_decoders_is_refused(folder):
    config = json.loads((folder / "vae" / "config.json").read_text())
    put(folder / "vae" / "config.json", {**config, "latent_channels": 16})
    with pytest.raises(
        ModelRefused, match=r"mine/unet/config.json: in_channels is 4; 16 or 32 or 33 is needed"
    ):
        load_parts(folder, "cpu", torch.float32)


@pytest.mark.parametrize("file", ["model_index.json", "unet/config.json", "scheduler/scheduler_config.json"])
@pytest.mark.parametrize("text", ["", "{", "[1]", "\xff"])
def test_json_that_is_none_is_named(folder, file, text):
    (folder / file).write_bytes(text.encode("latin1"))
    with pytest.raises(ModelRefused, match=f"mine/{file}"):
        load_parts(folder, "cpu", torch.float32)


def test_a_pickle_under_the_name_of_safetensors_is_refused(folder):
    torch.save({"a": torch.zeros(3)}, folder / "vae" / "diffusion_pytorch_model.safetensors")
    with pytest.raises(
        ModelRefused, match=r"vae/diffusion_pytorch_model\.safetensors is not a safetensors file"
    ):
        load_parts(folder, "cpu", torch.float32)


def change_weights(file, change):
    weights = {name: tensor.clone() for name, tensor in load_file(file).items()}
    change(weights)
    save_file(weights, file, metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("unet/diffusion_pytorch_model", "mid_block.resnets.0.conv1.weight"),
        ("vae/diffusion_pytorch_model", "decoder.conv_out.bias"),
        ("text_encoder/model", "final_layer_norm.weight"),
    ],
)
def test_weights_that_are_missing_or_no_numbers_are_named(folder, file, name):
    """They would be filled with random numbers: other land in each process."""
    path, component = folder / f"{file}.safetensors", file.partition("/")[0]
    change_weights(path, lambda weights: weights[name].fill_(float("nan")))
    with pytest.raises(ModelRefused, match=f"mine/{component}: numbers are not finite in {name}"):
        load_parts(folder, "cpu", torch.float32)
    change_weights(path, lambda weights: weights.pop(name))
    with pytest.raises(ModelRefused, match=f"mine/{component}: its weights lack {name}"):
        load_parts(folder, "cpu", torch.float32)


def test_weights_by_the_names_of_older_files_are_read(folder, tiny):
    def rename(weights):
        for name in list(weights):
            weights[f"text_model.{name}"] = weights.pop(name)
        weights["text_model.embeddings.position_ids"] = torch.arange(77)[None]

    def rename_attention(weights):
        names = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
        for name in [each for each in weights if "attentions" in each]:
            older = next((name.replace(new, old) for new, old in names.items() if new in name), name)
            weights[older] = weights.pop(name)

    change_weights(folder / "text_encoder" / "model.safetensors", rename)
    change_weights(folder / "vae" / "diffusion_pytorch_model.safetensors", rename_attention)
    one, two = (load_parts(each, "cpu", torch.float32) for each in (tiny, folder))
    for part in ("text_encoder", "vae"):
        same, found = (getattr(each, part).state_dict() for each in (one, two))
        assert all(torch.equal(same[name], found[name]) for name in same)


def test_weights_of_another_shape_are_named(folder):
    config = json.loads((folder / "unet" / "config.json").read_text())
    put(folder / "unet" / "config.json", {**config, "block_out_channels": [16, 16]})
    with pytest.raises(ModelRefused, match=r"mine/unet: \S+ is \[32\], and \[64\] by config\.json, .* more"):
        load_parts(folder, "cpu", torch.float32)


def test_a_tokenizer_that_is_none_or_knows_more_words_is_refused(folder):
    words = json.loads((folder / "tokenizer" / "vocab.json").read_text())
    put(folder / "tokenizer" / "vocab.json", {**words, "sea</w>": len(words)})
    with pytest.raises(ModelRefused, match=r"tokenizer has 515 tokens; text_encoder/config\.json knows 514"):
        load_parts(folder, "cpu", torch.float32)
    (folder / "tokenizer" / "vocab.json").write_text("{")
    with pytest.raises(ModelRefused, match="mine/tokenizer cannot be loaded"):
        load_parts(folder, "cpu", torch.float32)


def test_a_card_without_a_licence_says_so(folder):
    (folder / "README.md").unlink()
    assert load_parts(folder, "cpu", torch.float32).licence == "not stated"
