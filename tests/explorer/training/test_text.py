import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from explorer.models.text import TextTower
from explorer.training import captions
from explorer.training.config import TextConfig
from explorer.training.text import PROMPTS, Anchor, agreement_loss, train, turned
from tests.datasets import dataset


def tower():
    torch.manual_seed(0)
    small = {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1}
    found = TextTower({**small, "output_dim": 256})
    torch.nn.init.normal_(found.transformer.token_embedding.weight)
    return found


def test_pictures_that_lie_by_their_captions_agree():
    said = F.normalize(torch.randn(6, 256), dim=1)
    scenes = list("abcdef")
    right = agreement_loss(said, said, torch.tensor(3.0), scenes, 0.5)
    assert right < agreement_loss(said, said.roll(1, 0), torch.tensor(3.0), scenes, 0.5)
    # Two pictures of one scene are no negatives of each other.
    same = agreement_loss(said, said[[1, 0, 2, 3, 4, 5]], torch.tensor(3.0), list("aabcde"), 0.5)
    assert same < agreement_loss(said, said[[1, 0, 2, 3, 4, 5]], torch.tensor(3.0), scenes, 0.5)


def test_an_anchor_holds_what_was_known_and_nothing_else():
    before = tower()
    anchor = Anchor(before)
    scenes = sorted(captions.grammar()["scenes"])
    prompts = [captions.grammar()["scenes"][scene][0] for scene in scenes]
    tokens = before.tokenize(prompts)
    said = before(tokens)
    assert abs(float(anchor.loss(said, tokens, scenes))) < 1e-5
    assert anchor.loss(-said, tokens, scenes) > 0
    nobody = ["no such scene"] * len(scenes)
    assert anchor.loss(-said, tokens, nobody) == 0


def test_a_turned_picture_is_the_same_pixels_elsewhere():
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    seen = {turned(pixels, np.random.default_rng(seed)).tobytes() for seed in range(60)}
    assert len(seen) == 8
    assert all(sorted(x) == sorted(pixels.tobytes()) for x in seen)


def test_a_run_leaves_a_sheet_of_what_prompts_find(tmp_path, clock):
    data, out = dataset(tmp_path / "data"), tmp_path / "run"
    config = TextConfig.of_run(out, None).model_copy(update={"batch": 4})
    train(data, out, 0.02, config)
    with Image.open(out / "sheet.png") as sheet:
        assert sheet.size == (12 * 64, 64 * len(PROMPTS))
    assert TextTower.load(out / "text").encode(["coast"]).shape == (1, 256)
    (score,) = {row.split(",")[1] for row in (out / "scores.csv").read_text().splitlines()}
    assert 0 <= float(score) <= 1
