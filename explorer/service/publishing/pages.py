"""The page of a published world: which of the app's files it takes along, and what it says of the world."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from jinja2 import Environment
from xstatic.pkg import leaflet

from explorer.resources import asset
from explorer.service.exports import about
from explorer.service.publishing.plan import Plan, Square
from explorer.version import SOFTWARE
from explorer.worlds.world import World
from tiles.grid import Tile, tile_at

FIRST = "published/main.js"
IMPORT = re.compile(r'^(?:import|export) .*?from "([^"]+)"', re.MULTILINE | re.DOTALL)
THEIRS = (
    "leaflet.css", "leaflet.js", "images/layers-2x.png", "images/layers.png", "images/marker-icon-2x.png",
    "images/marker-icon.png", "images/marker-shadow.png",
)  # fmt: skip
GENERATOR = "Endless Earth"  # how a page of ours is told from another


def files() -> dict[str, Path]:
    """Paths in a version of the published world, and the files that go there."""
    web = asset("web").resolve()
    ours = [*_imported(web / FIRST), *_texts(), web / "icon.svg"]
    ours += [web / "map" / "map.css", web / "published" / "published.css"]
    found = {f"earth/{path.relative_to(web).as_posix()}": path for path in ours}
    return found | {f"leaflet/{name}": Path(leaflet.BASE_DIR, *name.split("/")) for name in THEIRS}


def _texts() -> list[Path]:
    """What the page says, a file for each language."""
    return sorted(asset("web", "text").glob("*.json"))


def _imported(module: Path) -> list[Path]:
    """A module and all that it imports, directly or not."""
    found, left = [], [module]
    while left:
        if (path := left.pop()) not in found:
            found.append(path)
            left += [(path.parent / name).resolve() for name in IMPORT.findall(path.read_text("utf-8"))]
    return sorted(found)


def described(world: World, plan: Plan, format: str) -> dict[str, object]:
    """What the page must know of a world, for ``world.json``."""
    said = about(world)
    return {
        **said._asdict(),
        "attribution": f"Synthetic: imaginary land, painted by {said.model}",
        "format": format,
        "languages": [path.stem for path in _texts()],
        "base": world.base_zoom,
        "lowest": plan.lowest,
        "deepest": plan.deepest,
        "zooms": world.learned,
        "nearest": world.nearest,
        "models": [[zoom, model.traits.name] for zoom, model in sorted(world.others.items())],
        "bounds": list(plan.bounds),
        "start": list(_start(world, plan)),
        "archives": [{"square": list(square), "file": archive(square)} for square in plan.tiles],
    }


def archive(square: Square) -> str:
    """Where a square's archive lies in a version."""
    return f"tiles/{square.name}.pmtiles"


def index(described: Mapping[str, object], version: str) -> str:
    """The page itself, the one file of a published world that is replaced."""
    template = asset("web", "published", "index.html").read_text(encoding="utf-8")
    page = Environment(autoescape=True).from_string(template)
    return page.render(world=described, version=version, generator=GENERATOR, software=SOFTWARE)


def version_of(described: Mapping[str, object], digests: Iterable[bytes]) -> str:
    """The name of what is published: the same for the same bytes. ``digests``: those of the tiles."""
    hashed = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    hashed.update(index(described, "").encode())
    for name, path in files().items():
        hashed.update(name.encode() + hashlib.sha256(path.read_bytes()).digest())
    for digest in digests:
        hashed.update(digest)
    return hashed.hexdigest()[:16]


def _start(world: World, plan: Plan) -> tuple[int, float, float]:
    """Zoom and metres of the first view: the painted tile nearest to the world's home."""
    zoom = max(plan.lowest, min(world.base_zoom, plan.deepest))
    home = tile_at(*world.home, zoom)
    there = [tile for tiles in plan.tiles.values() for tile in tiles if tile.z == zoom]
    found = home if home in there else min(there or [home], key=lambda tile: _apart(tile, home))
    if found == home:
        return zoom, *world.home
    west, south, east, north = found.bounds
    return zoom, (west + east) / 2, (south + north) / 2


def _apart(tile: Tile, other: Tile) -> int:
    return (tile.x - other.x) ** 2 + (tile.y - other.y) ** 2
