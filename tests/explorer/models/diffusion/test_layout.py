import pytest

from explorer.models.diffusion.layout import needed, variant
from tiles.errors import ModelRefused

CONFIGS = [
    "model_index.json",
    *(f"{name}/config.json" for name in ("unet", "vae", "text_encoder")),
    "scheduler/scheduler_config.json",
    "tokenizer/tokenizer_config.json",
    "tokenizer/vocab.json",
    "tokenizer/merges.txt",
]
WEIGHTS = [
    "unet/diffusion_pytorch_model.safetensors",
    "vae/diffusion_pytorch_model.safetensors",
    "text_encoder/model.safetensors",
]
OTHERS = [
    "README.md",
    "v1.ckpt",
    "unet/diffusion_pytorch_model.bin",
    "safety_checker/model.safetensors",
    "a.png",
]


def test_nothing_but_what_is_read_is_needed():
    chosen = needed([*OTHERS, *CONFIGS, *WEIGHTS], "x")
    assert sorted(chosen) == sorted([*CONFIGS, *WEIGHTS]) and len(set(chosen)) == len(chosen)
    assert variant(chosen) is None


def test_half_precision_comes_first():
    halves = [path.replace(".safetensors", ".fp16.safetensors") for path in WEIGHTS]
    chosen = needed([*CONFIGS, *WEIGHTS, *halves], "x")
    assert set(halves) <= set(chosen) and not set(WEIGHTS) & set(chosen)
    assert variant(chosen) == "fp16"


@pytest.mark.parametrize("precision", ["", ".fp16"])
def test_shards_come_with_their_index(precision):
    stem = "unet/diffusion_pytorch_model"
    index = f"{stem}.safetensors.index{precision}.json"
    shards = [f"{stem}{precision}-0000{i}-of-00002.safetensors" for i in (1, 2)]
    chosen = needed([*CONFIGS, *WEIGHTS[1:], index, *shards], "x")
    assert {index, *shards} <= set(chosen)
    with pytest.raises(ModelRefused, match=r"unet/diffusion_pytorch_model\.safetensors is missing"):
        needed([*CONFIGS, *WEIGHTS[1:], *shards], "x")  # without the index


@pytest.mark.parametrize("gone", [*CONFIGS[:6], *WEIGHTS])
def test_what_is_missing_is_named(gone):
    with pytest.raises(ModelRefused, match=f"x: {gone} is missing"):
        needed([path for path in [*CONFIGS, *WEIGHTS] if path != gone], "x")


def test_a_tokenizer_without_words_is_refused():
    with pytest.raises(ModelRefused, match=r"vocab\.json is missing"):
        needed([path for path in [*CONFIGS, *WEIGHTS] if "vocab" not in path], "x")
    with pytest.raises(ModelRefused, match=r"merges\.txt is missing, and so is tokenizer/tokenizer\.json"):
        needed([path for path in [*CONFIGS, *WEIGHTS] if "merges" not in path], "x")
    assert "tokenizer/tokenizer.json" in needed(
        [*(path for path in [*CONFIGS, *WEIGHTS] if "vocab" not in path), "tokenizer/tokenizer.json"], "x"
    )


@pytest.mark.parametrize("pickle", ["diffusion_pytorch_model.bin", "model.ckpt", "w.pt", "w.pth", "w.pkl"])
def test_a_pickle_instead_of_safetensors_is_refused(pickle):
    with pytest.raises(ModelRefused, match=f"pickle only .vae/{pickle}."):
        needed([*CONFIGS, *(path for path in WEIGHTS if "vae" not in path), f"vae/{pickle}"], "x")
