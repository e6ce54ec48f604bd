from pathlib import Path

import pytest
from pydantic import ValidationError

from explorer.settings import Settings
from tiles.recipe import Recipe, recipe_of

DOCS = Path(__file__).resolve().parents[2] / "docs" / "settings.md"


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_documented_with_its_default(name):
    field = Settings.model_fields[name]
    row = next((line for line in DOCS.read_text().splitlines() if f"`EARTH_{name.upper()}`" in line), "")
    assert field.description and field.description in row, f"docs/settings.md lacks {name}"
    assert f"`{shown(field.default)}`" in row


def shown(default):
    """As one would write it in the environment."""
    return (", ".join(default) if isinstance(default, list) else str(default)) or "none"


def test_the_environment_is_read_and_checked(monkeypatch):
    monkeypatch.setenv("EARTH_PORT", "9000")
    assert Settings().port == 9000 and Settings().host == "127.0.0.1"
    monkeypatch.setenv("EARTH_PORT", "ninety")
    with pytest.raises(ValidationError, match="port"):
        Settings()


@pytest.mark.parametrize(
    "written",
    ["maps.example.org, 10.0.0.5,", '["maps.example.org", "10.0.0.5"]', "MAPS.example.org,10.0.0.5"],
)
def test_a_list_is_written_plainly_or_as_json(monkeypatch, written):
    monkeypatch.setenv("EARTH_ALLOWED_HOSTS", written)
    assert Settings().allowed_hosts == ["maps.example.org", "10.0.0.5"]


def test_a_space_has_its_own_defaults_and_the_environment_comes_before_them(monkeypatch):
    monkeypatch.setenv("SPACE_ID", "somebody/earth")
    monkeypatch.setenv("SPACE_HOST", "somebody-earth.hf.space")
    monkeypatch.setenv("EARTH_HOST", "127.0.0.1")
    found = Settings()
    assert found.host == "127.0.0.1" and "somebody-earth.hf.space" in found.hosts
    assert found.frame_ancestors == ["https://huggingface.co"] and found.others_may == "visit"
    assert Settings(frame_ancestors=[]).frame_ancestors == []


@pytest.mark.parametrize("written", ["http://a.example", "a.example:80", "a/b", '["a"', "a b", "[5]"])
def test_what_is_no_host_is_refused(monkeypatch, written):
    monkeypatch.setenv("EARTH_ALLOWED_HOSTS", written)
    with pytest.raises(ValidationError):
        Settings()


@pytest.mark.parametrize(
    ("host", "url", "local"),
    [
        ("127.0.0.1", "http://127.0.0.1:80", True),
        ("::1", "http://[::1]:80", True),
        ("localhost", "http://localhost:80", True),
        ("0.0.0.0", "http://127.0.0.1:80", False),
        ("::", "http://[::1]:80", False),
        ("2001:db8::5", "http://[2001:db8::5]:80", False),
        ("maps.example.org", "http://maps.example.org:80", False),
    ],
)
def test_the_address_of_a_host(host, url, local):
    settings = Settings(host=host)
    assert settings.url(80) == url and settings.local == local


def test_what_is_set_of_a_stable_diffusion_model_is_what_a_recipe_has(monkeypatch):
    def recipe():
        given = Settings().model_options
        assert (given.pop("offload"), given.pop("compile")) == ("auto", False)  # how this process computes
        fitting = [given.pop(name) for name in ("dtype", "batch")]
        assert (given.pop("controlnet"), given.pop("guide")) == ("", "")
        return given.pop("adapters"), fitting, recipe_of({"source": "", "licence": "", **given})

    assert recipe() == ([], ["auto", 0], Recipe(source="", licence=""))
    monkeypatch.setenv("EARTH_LEVEL_SCALE", "2.5")
    monkeypatch.setenv("EARTH_ADAPTERS", "a.safetensors:0.5, b.safetensors")
    monkeypatch.setenv("EARTH_DTYPE", "bfloat16")
    adapters, fitting, changed = recipe()
    assert changed.level_scale == 2.5 and adapters == ["a.safetensors:0.5", "b.safetensors"]
    assert fitting == ["bfloat16", 0]
