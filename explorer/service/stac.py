"""STAC: what an exported mosaic and a dataset say of themselves to catalogues of geographic data.

Items and Collections of version 1.1 (https://github.com/radiantearth/stac-spec), by pystac and rio-stac.
All are marked as synthetic, with what the land is made of: seed, prompt and the model's digest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pystac
import rasterio
from pystac.media_type import MediaType
from rio_stac import create_stac_item
from rio_stac.stac import PROJECTION_EXT_VERSION, get_projection_info

from explorer.version import SOFTWARE
from explorer.worlds.world import World
from tiles.grid import EARTH, Bounds, lonlat, metres_per_pixel

SUFFIX = ".stac.json"
MEDIA_TYPE = "application/geo+json"
PROJECTION = f"https://stac-extensions.github.io/projection/{PROJECTION_EXT_VERSION}/schema.json"
IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
PROVIDER = pystac.Provider("Endless Earth", roles=[pystac.ProviderRole.PRODUCER])


def origin(prompts: Sequence[str], seed: int, model: str, digest: str, licence: str) -> dict[str, Any]:
    """Where synthetic land comes from, as properties."""
    return {
        "endless_earth:synthetic": True,
        "endless_earth:prompts": list(prompts),
        "endless_earth:seed": seed,
        "endless_earth:model": model,
        "endless_earth:model_digest": digest,
        "endless_earth:licence": licence,
        "endless_earth:software": SOFTWARE,
    }


def spdx(licence: str) -> str:
    """What STAC takes for a licence: an identifier of SPDX, or "other" for words.

    >>> spdx("apache-2.0"), spdx("its makers contradict themselves")
    ('apache-2.0', 'other')
    """
    return licence if IDENTIFIER.fullmatch(licence) else "other"


def write_item(path: Path, world: World, zoom: int) -> Path:
    """Describe the GeoTIFF at ``path``, cut from ``world`` at ``zoom``, by a file beside it; gives its path.

    Land beyond the mercator square is nowhere on Earth: its item has no geometry. OSError if it cannot be
    written; then nothing is left.
    """
    digest, (names, licences) = world.model.traits.digest, world.credit
    properties = {
        "title": f"{world.name}: imaginary land",
        "description": f"No place on Earth. Painted by {names} to the prompt: {world.journal.prompt}",
        "license": spdx(licences),
        "gsd": metres_per_pixel(zoom),
        **origin([world.journal.prompt], world.seed, names, digest, licences),
    }
    item = _item(path, datetime.fromisoformat(world.created), properties)
    item.assets["data"].title = path.name
    item.common_metadata.providers = [PROVIDER]
    return _write(path.with_suffix(SUFFIX), item.to_dict(include_self_link=False, transform_hrefs=False))


def _item(path: Path, when: datetime, properties: dict[str, Any]) -> pystac.Item:
    with rasterio.open(path) as source:
        if inside(Bounds(*source.bounds)):
            return create_stac_item(
                source, when, id=path.stem, properties=properties, asset_name="data", asset_roles=["data"],
                asset_href=path.name, asset_media_type=MediaType.COG, with_proj=True,
            )  # fmt: skip
        shape = {f"proj:{name}": value for name, value in get_projection_info(source).items()}
    shape.pop("proj:geometry", None)
    item = pystac.Item(path.stem, None, None, when, {**properties, **shape}, stac_extensions=[PROJECTION])
    item.add_asset("data", pystac.Asset(path.name, media_type=MediaType.COG, roles=["data"]))
    return item


def inside(bounds: Bounds) -> bool:
    """Whether all of a rectangle lies in the mercator square."""
    edge = EARTH / 2 + 1e-6
    return all(-edge <= side <= edge for side in bounds)


def write_collection(
    out: Path, licence: str, places: Sequence[Bounds], properties: dict[str, Any], files: Sequence[Path]
) -> Path:
    """Describe the dataset in the folder ``out`` by a Collection; gives its path.

    ``places``: where its pictures lie. It has no time: the same plan gives the same bytes.
    """
    never: list[datetime | None] = [None, None]
    corners = [(*lonlat(box.west, box.south), *lonlat(box.east, box.north)) for box in places]
    west, south = (min(corner[side] for corner in corners) for side in (0, 1))
    east, north = (max(corner[side] for corner in corners) for side in (2, 3))
    collection = pystac.Collection(
        "synthetic-satellite-pictures",
        f"{len(places):,} pictures of imaginary land, painted to prompts. None shows a place on Earth.",
        pystac.Extent(pystac.SpatialExtent([[west, south, east, north]]), pystac.TemporalExtent([never])),
        title="Synthetic satellite pictures",
        license=spdx(licence),
        keywords=["synthetic", "satellite imagery", "text to image"],
        providers=[PROVIDER],
        extra_fields=properties,
    )
    types = {".jsonl": "application/jsonl", ".tar": "application/x-tar"}
    for file in files:
        asset = pystac.Asset(
            file.relative_to(out).as_posix(), media_type=types.get(file.suffix), roles=["data"]
        )
        collection.add_asset(file.stem, asset)
    return _write(out / "collection.json", collection.to_dict(include_self_link=False, transform_hrefs=False))


def _write(path: Path, document: dict[str, Any]) -> Path:
    document["links"] = [link for link in document.get("links", []) if link["rel"] not in ("root", "self")]
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path
