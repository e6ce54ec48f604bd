import pytest
from typer.testing import CliRunner

from explorer.cli import app
from tests.diffusions import build_controlnet, build_diffusion
from tests.explorer.models.diffusion.test_adapters import lora


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return build_diffusion(tmp_path_factory.mktemp("models") / "tiny")


def typed(*words):
    return CliRunner().invoke(app, ["model", *map(str, words)], env={"COLUMNS": "160"})


def test_a_folder_is_described(tiny):
    answer = CliRunner().invoke(
        app, ["model", "check", str(tiny)], env={"COLUMNS": "160", "EARTH_STEPS": "2"}
    )
    assert answer.exit_code == 0, answer.output
    assert "in 2 steps" in answer.output and "a tile took" in answer.output
    for words in (
        "paints from text",
        "told, level 10 to 18",
        "epsilon",
        "EulerDiscreteScheduler",
        "apache-2.0",
    ):
        assert words in answer.output
    assert "million numbers" in answer.output and "GiB in fp16" in answer.output


def test_adapters_and_the_controlnet_that_it_is_used_with_are_listed(tiny, tmp_path):
    lora(tmp_path / "roofs.safetensors")
    controlnet = build_controlnet(tmp_path / "edges", tiny)
    used = {
        "EARTH_ADAPTERS": f"{tmp_path / 'roofs.safetensors'}:0.5",
        "EARTH_CONTROLNET": str(controlnet),
        "EARTH_STEPS": "2",
    }
    answer = CliRunner().invoke(app, ["model", "check", str(tiny)], env={"COLUMNS": "160", **used})
    assert "roofs.safetensors: weight 0.5, 1 x rank 2" in answer.output, answer.output
    assert "edges: Follows edges, white on black." in answer.output and "a tile took" in answer.output


@pytest.mark.parametrize(("inputs", "words"), [(8, "edits by instruction"), (9, "fills masks")])
def test_kinds_are_told_by_what_the_unet_sees(tmp_path, inputs, words):
    answer = typed("check", build_diffusion(tmp_path / "other", inputs, level=False), "--no-paint")
    assert words in answer.output and "not told" in answer.output


def test_guidance_that_was_distilled_into_a_model_is_said(tiny, tmp_path):
    other = build_diffusion(tmp_path / "other", level=False, told=8)
    assert "told, one call a step" in typed("check", other, "--no-paint").output
    assert "two calls a step" in typed("check", tiny, "--no-paint").output


def test_what_is_wrong_is_one_line(tiny, tmp_path):
    (tmp_path / "empty").mkdir()
    answer = typed("check", tmp_path / "empty")
    assert answer.exit_code == 1 and "model_index.json" in answer.output
    (tmp_path / "empty" / "model_index.json").write_text("{}")
    answer = typed("check", tmp_path / "empty")
    assert answer.exit_code == 1 and "empty: unet/config.json is missing" in answer.output
    answer = typed("check", "no such thing")
    assert answer.exit_code == 1 and "text2earth" in answer.output


def test_a_model_from_a_hub_is_fetched_and_what_it_costs_said_first(monkeypatch, tiny):
    from explorer.models import hub

    plan = hub.Plan(hub.Source("a/b", "5" * 40), {"x": 3_100_000_000}, "mit")
    here = []
    monkeypatch.setattr(hub, "cached", lambda source, need=None: here[-1] if here else None)
    monkeypatch.setattr(hub, "plan", lambda source, need=None: plan)
    monkeypatch.setattr(hub, "fetch", lambda wanted: here.append(tiny))
    answer = typed("fetch", "a/b")
    assert answer.exit_code == 0 and str(tiny) in answer.output
    assert "3.1 GB, licence: mit" in answer.output
    assert "licence" not in typed("fetch", "a/b").output  # it is here


def test_a_text_tower_of_open_clip_is_converted(tmp_path):
    from open_clip.transformer import TextTransformer
    from safetensors.torch import save_file

    tower = TextTransformer(context_length=8, vocab_size=60, width=64, heads=1, layers=3, output_dim=4)
    save_file({k: v.clone() for k, v in tower.state_dict().items()}, tmp_path / "clip.safetensors")
    answer = typed("text-tower", tmp_path / "clip.safetensors", tmp_path / "text_encoder")
    assert answer.exit_code == 0, answer.output
    assert (tmp_path / "text_encoder" / "model.safetensors").is_file()
    assert '"num_hidden_layers": 2' in (tmp_path / "text_encoder" / "config.json").read_text()
    again = typed("text-tower", tmp_path / "clip.safetensors", tmp_path / "text_encoder")
    assert again.exit_code == 1 and "exists already" in again.output


def test_contradicting_licences_are_said(tiny):
    import shutil

    answer = typed("check", shutil.copytree(tiny, tiny.parent / "Text2Earth"), "--no-paint")
    assert "contradict" in answer.output and "MIT" in answer.output
