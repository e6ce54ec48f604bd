import pytest
from typer.testing import CliRunner

from explorer.cli import app


@pytest.fixture
def run(tmp_path, bundle, monkeypatch):
    """Runs a command in a folder of its own; gives what it printed."""
    monkeypatch.setenv("EARTH_WORLDS", str(tmp_path / "worlds"))
    monkeypatch.setenv("EARTH_MODEL", str(bundle))
    monkeypatch.chdir(tmp_path)

    def command(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, list(words))
        assert result.exit_code == code, result.output
        return result.output

    return command
