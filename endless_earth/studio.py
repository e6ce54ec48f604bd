"""The worlds of a folder with the painter that paints them, kept for as long as Python runs."""

from __future__ import annotations

import atexit
from functools import cache
from pathlib import Path
from typing import NamedTuple

from explorer.cli.session import settings_with
from explorer.models.library import Library
from explorer.service.painter import Painter
from explorer.settings import Settings
from explorer.worlds.atlas import Atlas


class Studio(NamedTuple):
    """What worlds are made and painted with."""

    atlas: Atlas
    painter: Painter
    settings: Settings


@cache
def studio(folder: Path, model: str | None, device: str) -> Studio:
    """The studio of a folder, the same each time; closed when Python ends. Without a model, EARTH_MODEL."""
    settings = settings_with(worlds=folder, model=model, device=device)
    made = Studio(
        Atlas(folder, Library(settings.model, device), settings.cache_bytes),
        Painter(settings.queue_tiles),
        settings,
    )
    atexit.register(made.atlas.close)
    atexit.register(made.painter.close)  # which is called first
    return made
