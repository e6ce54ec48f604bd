"""Where the files are that come with the code: models, prompts, the page."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def asset(*parts: str) -> Path:
    """A file or folder in ``assets``, which lies inside the installed package, or beside it in a checkout."""
    package = Path(str(files("explorer")))
    inside = package / "assets"
    return (inside if inside.is_dir() else package.parent / "assets").joinpath(*parts)
