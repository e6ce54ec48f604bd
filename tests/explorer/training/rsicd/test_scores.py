"""The protocol of the field, end to end on made-up pictures."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner

from benchmarks.standin import StandIn
from explorer.cli import app
from explorer.training.rsicd import judges, painted
from explorer.training.rsicd.judges import Clip, inception, resnet
from explorer.training.rsicd.scenes import read
from explorer.training.rsicd.scores import PUBLISHED, Sample, Weights, measure
from tests.explorer.training.rsicd.test_scenes import rsicd
from tiles.errors import BadSetting

FEW = Sample(real=4, pictures=2)


@pytest.fixture
def quick(monkeypatch):
    """As it is, in a fraction of the time."""
    monkeypatch.setattr(judges, "SIDE", 64)
    monkeypatch.setattr(judges, "EPOCHS", 2)


@pytest.fixture
def scenes(tmp_path):
    return read(rsicd(tmp_path / "RSICD"))


def nothing(*of):
    pass


def test_a_model_is_scored_beside_real_pictures(scenes, tmp_path, quick):
    out = tmp_path / "out"
    model, real = measure(StandIn(), scenes, FEW, Weights(), out, nothing)
    assert (model.name, real.name) == ("stand-in", "real pictures of other places")
    assert model.fid is None and model.clip is None and 0 <= model.accuracy <= 100
    assert real.fd_terra < model.fd_terra
    assert len(list(out.glob("*.png"))) == 8
    again = measure(StandIn(), scenes, FEW, Weights(), tmp_path / "other", nothing)
    assert again == [model, real]


def test_what_was_stopped_goes_on(scenes, tmp_path, quick):
    whole = measure(StandIn(), scenes, FEW, Weights(), tmp_path / "whole", nothing)
    out, model = tmp_path / "out", StandIn()

    def stop(stage, done, total):
        if (stage, done) == ("painting", 3) or stage == "classifier":
            raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            measure(model, scenes, FEW, Weights(), out, stop)
    assert len(model.batches) == 3  # painted once, however often it is begun
    assert measure(model, scenes, FEW, Weights(), out, nothing) == whole and len(model.batches) == 8
    (out / "beach_1_0.png").unlink()  # scores are kept too
    assert measure(model, scenes, FEW, Weights(), out, nothing) == whole


def test_progress_is_told_to_its_end(scenes, tmp_path, quick):
    heard = {}
    measure(
        StandIn(),
        scenes,
        FEW,
        Weights(),
        tmp_path,
        lambda stage, done, total: heard.update({stage: (done, total)}),
    )
    assert {"painting", "classifier"} <= set(heard)
    assert all(done == total for done, total in heard.values())


def test_a_folder_of_something_else_is_refused(scenes, tmp_path, quick):
    painted.claim(tmp_path / "out", {"model": "another"})
    with pytest.raises(BadSetting, match="another model, data set or sample"):
        measure(StandIn(), scenes, FEW, Weights(), tmp_path / "out", nothing)


def test_a_classifier_learns_what_there_is_to_learn(scenes, monkeypatch):
    monkeypatch.setattr(judges, "SIDE", 32)
    monkeypatch.setattr(judges, "EPOCHS", 30)
    labels = [scenes.classes.index(scene.cls) for scene in scenes.train]
    net = resnet(2, None)
    judges.train(net, lambda index: scenes.train[index].load(), labels, nothing)
    held = [scenes.classes.index(scene.cls) for scene in scenes.test]
    assert judges.right(net, (scene.load() for scene in scenes.test), held) > 0.8


def test_judges_take_safetensors_by_torchvisions_names_and_nothing_else(tmp_path):
    file = tmp_path / "resnet.safetensors"
    first, other = resnet(30, None), resnet(2, None, seed=1)
    save_file(first.state_dict(), file)
    begun = resnet(2, file)
    assert torch.equal(begun.conv1.weight, first.conv1.weight) and begun.fc.out_features == 2
    assert not torch.equal(begun.conv1.weight, other.conv1.weight)
    with pytest.raises(BadSetting, match=r"resnet\.safetensors lacks .*torchvision's names"):
        inception(file)
    save_file({**first.state_dict(), "conv1.weight": torch.zeros(3)}, file)
    with pytest.raises(BadSetting, match="does not fit"):
        resnet(2, file)
    torch.save(first.state_dict(), file)
    for judge in (lambda: resnet(2, file), lambda: inception(file), lambda: Clip("ViT-B-32", file)):
        with pytest.raises(BadSetting, match="is not a safetensors file"):
            judge()
    with pytest.raises(BadSetting, match="knows no model 'magic'"):
        Clip("magic", file)


def test_inception_tells_like_from_unlike(scenes, tmp_path, monkeypatch):
    import torchvision

    monkeypatch.setattr(judges, "SIDE", 80)
    torch.manual_seed(0)
    file = tmp_path / "inception.safetensors"
    net = torchvision.models.inception_v3(weights=None, aux_logits=False, init_weights=False)
    save_file(net.state_dict(), file)
    found = judges.features(inception(file), (scene.load() for scene in scenes.test[:2]))
    assert found.shape == (2, 2048)
    black = judges.features(inception(file), [np.zeros((224, 224, 3), np.uint8)])
    assert (found[0] - found[1]).norm() < (found[0] - black[0]).norm()


def test_captions_are_scored_by_open_clip(scenes, tmp_path):
    import open_clip
    from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg

    vision = {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16}
    words = {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 1, "layers": 1}
    for name, width in (("tiny", 16), ("tiny-wide", 32)):
        config = {"embed_dim": width, "vision_cfg": vision, "text_cfg": words}
        (tmp_path / f"{name}.json").write_text(json.dumps(config))
    open_clip.add_model_config(tmp_path)
    torch.manual_seed(0)
    net, file = CLIP(16, CLIPVisionCfg(**vision), CLIPTextCfg(**words)), tmp_path / "clip.safetensors"
    save_file({name: each.clone().contiguous() for name, each in net.state_dict().items()}, file)
    pictures, captions = [s.load() for s in scenes.test], [s.caption for s in scenes.test]
    clip = Clip("tiny", file)
    assert 0 <= clip.score(pictures, captions) <= 100
    assert clip.score(pictures, captions) == clip.score(pictures, captions)
    with pytest.raises(BadSetting, match=r"clip\.safetensors does not fit"):
        Clip("tiny-wide", file)


def test_the_command_prints_one_table_beside_what_is_published(tmp_path, bundle, quick):
    rsicd(tmp_path / "RSICD")
    words = [str(tmp_path / "RSICD"), "--model", str(bundle), "--out", str(tmp_path / "out")]
    answer = CliRunner().invoke(
        app, ["evaluate", "rsicd", *words, "--count", "2", "--pictures", "1"], env={"COLUMNS": "120"}
    )
    assert answer.exit_code == 0, answer.output
    for row in PUBLISHED:
        assert row.name in answer.output and f"{row.fid:.2f}" in answer.output
    assert "tiny" in answer.output and "random numbers" in answer.output
    missing = CliRunner().invoke(app, ["evaluate", "rsicd", str(tmp_path)])
    assert missing.exit_code == 1 and "dataset_rsicd.json" in missing.output
    assert "no file" in CliRunner().invoke(app, ["evaluate", "rsicd", *words, "--clip", "nowhere"]).output
