from PIL import Image

from tests.diffusions import build_controlnet, build_diffusion


def test_a_picture_is_laid_as_a_guide_with_a_controlnet_and_refused_without(run, tmp_path, monkeypatch):
    run("worlds", "new", "Plain", "rocky coast", "--seed", "5")
    Image.linear_gradient("L").resize((200, 200)).convert("RGB").save(tmp_path / "slope.png")
    said = " ".join(run("guide", "plain", "slope.png", code=1).split())
    assert "follows no guide" in said and "ControlNet (EARTH_CONTROLNET)" in said
    base = build_diffusion(tmp_path / "base")
    monkeypatch.setenv("EARTH_MODEL", str(base))
    monkeypatch.setenv("EARTH_CONTROLNET", str(build_controlnet(tmp_path / "edges", base)))
    monkeypatch.setenv("EARTH_STEPS", "1")
    run("worlds", "new", "Led", "rocky coast", "--seed", "5")
    printed = run("guide", "led", "slope.png", "--edges", "--strength", "0.5")
    assert printed.strip().endswith("2")  # after what is said while weights are read
    assert "0.1 to 1" in run("guide", "led", "slope.png", "--strength", "7", code=1)
    assert "no file" in run("guide", "led", "none.png", code=1)
    assert run("undo", "led").strip().endswith("2")
