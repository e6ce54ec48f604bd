"""The notebooks of the documentation, run by Jupyter's kernel in an empty folder."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
# The kernel warns of Jupyter's own matters, which are not ours.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("name", ["first-world", "analysis"])
def test_a_notebook_runs_from_top_to_bottom(name, tmp_path, monkeypatch, bundle):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("EARTH_MODEL", str(bundle))
    notebook = nbformat.read(ROOT / "docs" / "notebooks" / f"{name}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert (tmp_path / "worlds").is_dir()
