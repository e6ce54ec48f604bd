"""Ready worlds: settings files of a few hundred bytes each, with a picture beside them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

from explorer.models.family import Traits
from explorer.resources import asset
from explorer.worlds.new import NewWorld, may_begin
from tiles.errors import WorldNotFound
from tiles.strokes import Stroke

FOLDER = asset("gallery")
KM = 1000.0  # metres; files are shorter in kilometres


class Ready(NamedTuple):
    """A world that is ready to be made."""

    id: str  # the name of its files
    about: str  # what one finds there, for people
    new: NewWorld

    @property
    def thumbnail(self) -> Path:
        """A picture of it, WebP."""
        return FOLDER / f"{self.id}.webp"


@cache
def ready_worlds() -> dict[str, Ready]:
    """All of them by id, in the order in which they are shown."""
    ready = [_read(path) for path in FOLDER.glob("*.json")]
    return {each.id: each for _, each in sorted(ready)}


def offered(traits: Traits) -> list[Ready]:
    """Those that a model can begin."""
    return [ready for ready in ready_worlds().values() if may_begin(_zoom(ready), traits.zooms)]


def ready_world(id: str) -> Ready:
    """Raises WorldNotFound."""
    if id not in ready_worlds():
        known = ", ".join(ready_worlds())
        raise WorldNotFound(f"no world {id[:80]!r} in the gallery; known are {known}")
    return ready_worlds()[id]


def _zoom(ready: Ready) -> int:
    assert ready.new.base_zoom is not None  # each file says it
    return ready.new.base_zoom


def _read(path: Path) -> tuple[int, Ready]:
    """Its place in the order, and the world of a file."""
    fields = json.loads(path.read_text(encoding="utf-8"))
    strokes = tuple(
        Stroke(prompt, tuple((x * KM, y * KM) for x, y in path), radius * KM, soft * KM)
        for prompt, path, radius, soft in fields.get("strokes", ())
    )
    new = NewWorld(
        fields["name"],
        fields["prompt"],
        fields["seed"],
        base_zoom=fields["base_zoom"],
        home=(fields["home"][0], fields["home"][1]),
        sketch=fields.get("sketch"),
        strokes=strokes,
    )
    return fields["place"], Ready(path.stem, fields["about"], new)
