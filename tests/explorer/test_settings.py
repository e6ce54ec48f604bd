from pathlib import Path

import pytest
from pydantic import ValidationError

from explorer.settings import Settings

DOCS = Path(__file__).resolve().parents[2] / "docs" / "settings.md"


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_documented_with_its_default(name):
    field = Settings.model_fields[name]
    row = next((line for line in DOCS.read_text().splitlines() if f"`EARTH_{name.upper()}`" in line), "")
    assert field.description and field.description in row, f"docs/settings.md lacks {name}"
    assert f"`{field.default}`" in row


def test_the_environment_is_read_and_checked(monkeypatch):
    monkeypatch.setenv("EARTH_PORT", "9000")
    assert Settings().port == 9000 and Settings().host == "127.0.0.1"
    monkeypatch.setenv("EARTH_PORT", "ninety")
    with pytest.raises(ValidationError, match="port"):
        Settings()
