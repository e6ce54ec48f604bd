import pytest
from typer.testing import CliRunner

from explorer.cli import app
from tests.diffusions import build_diffusion


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return build_diffusion(tmp_path_factory.mktemp("models") / "tiny")


def typed(*words):
    return CliRunner().invoke(app, ["model", *map(str, words)], env={"COLUMNS": "160"})


def test_a_folder_is_described(tiny):
    answer = typed("check", tiny)
    assert answer.exit_code == 0
    for words in (
        "paints from text",
        "told, level 10 to 18",
        "epsilon",
        "EulerDiscreteScheduler",
        "apache-2.0",
    ):
        assert words in answer.output
    assert "million numbers" in answer.output and "GiB in fp16" in answer.output


@pytest.mark.parametrize(("inputs", "words"), [(8, "edits by instruction"), (9, "fills masks")])
def test_kinds_are_told_by_what_the_unet_sees(tmp_path, inputs, words):
    answer = typed("check", build_diffusion(tmp_path / "other", inputs, level=False))
    assert words in answer.output and "not told" in answer.output


def test_what_is_wrong_is_one_line(tiny, tmp_path):
    (tmp_path / "empty").mkdir()
    answer = typed("check", tmp_path / "empty")
    assert answer.exit_code == 1 and "empty: model_index.json is missing" in answer.output
    answer = typed("check", "no such thing")
    assert answer.exit_code == 1 and "text2earth" in answer.output


def test_a_model_from_a_hub_is_fetched_and_what_it_costs_said_first(monkeypatch, tiny):
    from explorer.models import hub

    plan = hub.Plan(hub.Source("a/b", "5" * 40), {"x": 3_100_000_000}, "mit")
    monkeypatch.setattr(hub, "cached", lambda source: None)
    monkeypatch.setattr(hub, "plan", lambda source: plan)
    monkeypatch.setattr(hub, "fetch", lambda wanted: tiny)
    answer = typed("fetch", "a/b")
    assert answer.exit_code == 0 and str(tiny) in answer.output
    assert "licence mit, 3.1 GB" in answer.output
