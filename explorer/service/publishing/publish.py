"""Publishing a world: its tiles into archives, those and the page to where they are shown, then the switch.

All that people load lies in a folder named after its content and never changes. Only ``index.html`` does: it
is replaced last, so nobody ever sees half of anything. The version before stays until the next one, for pages
that are open; older ones are removed.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from filelock import FileLock, Timeout
from pmtiles.tile import TileType

from explorer.service.exports import about
from explorer.service.publishing import pages
from explorer.service.publishing.plan import Plan, Square, Wanted, around, ids
from explorer.service.publishing.spool import Spool, opened
from explorer.service.publishing.targets import Target
from explorer.worlds.world import World
from tiles.errors import BadSetting, Busy, DiskFull, WorldDamaged
from tiles.grid import Tile
from tiles.mosaic import archive
from tiles.mosaic.area import lonlat
from tiles.mosaic.formats import worded

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

READING, PACKING, SENDING = "reading tiles", "packing archives", "sending MB"
TYPES = {"png": TileType.PNG, "webp": TileType.WEBP}
TILE_BYTES = {"png": 60_000, "webp": 12_000}  # of a tile, before any of the world is known
ROOM = 3  # most disk space taken meanwhile / size of the archives
VERSION = re.compile(r'data-version="([0-9a-f]{16})"')
MEGABYTE = 1_000_000

Step = Callable[[str, int, int], None]  # stage, done, total


class Published(NamedTuple):
    """A published world."""

    address: str  # of its page
    version: str


def check(world: World, plan: Plan, format: str, work: Path, target: Target, spare: int) -> int:
    """About how many bytes the archives will have. Raises BadSetting, DiskFull before any work."""
    if format not in TYPES:
        raise BadSetting(f"format {format[:20]!r} is unknown; known are webp and png")
    there = target.index()
    if there is not None and pages.GENERATOR not in there:
        raise BadSetting(
            f"{target.address} is a page that Endless Earth did not make: it stays as it is."
            " Publish into another place"
        )
    size = int(plan.size * (world.renderer.mean_bytes(format) or TILE_BYTES[format]))  # type: ignore[arg-type]
    free = shutil.disk_usage(work).free
    if (needed := ROOM * size + spare) > free:
        raise DiskFull(f"about {needed:,} bytes of free disk are needed in {work}; {free:,} are free")
    return size


def publish(world: World, plan: Plan, wanted: Wanted, work: Path, target: Target, step: Step) -> Published:
    """Publish a world from the unfinished files in the folder ``work``, which is gone when all is done.

    ``step(stage, done, total)`` may raise to stop it. Whatever ends it, what people see stays as it was, and
    the next call goes on with what is in ``work``. Raises WorldDamaged, DiskFull, NotWritten, BadSetting.
    """
    with _alone(work), worded(work):
        with opened(work / "tiles.db", f"{world.stamp} {wanted.format}") as spool:
            _read(world, plan, wanted.format, spool, step)
            files, digests = _packed(world, plan, wanted.format, spool, work, step)
        described = pages.described(world, plan, wanted.format)
        version = pages.version_of(described, digests)
        words = json.dumps(described, ensure_ascii=False, indent=1)
        (work / "world.json").write_text(words, encoding="utf-8")
        _send(target, version, files | pages.files() | {"world.json": work / "world.json"}, step)
        _switch(target, version, pages.index(described, version))
        shutil.rmtree(work, ignore_errors=True)
    return Published(target.address, version)


@contextmanager
def _alone(work: Path) -> Iterator[None]:
    """While no other process publishes from the same folder. Raises Busy."""
    try:
        with FileLock(work / "lock", timeout=0):
            yield
    except Timeout:
        raise Busy("this world is being published there by another process; wait until it is done") from None


def _switch(target: Target, version: str, index: str) -> None:
    """Show a version, and remove those that nobody can be looking at any more."""
    before = VERSION.search(target.index() or "")
    target.show(index)
    shown = before[1] if before else version
    for old in target.versions() - {version, shown}:
        target.drop(old)


def _read(world: World, plan: Plan, format: str, spool: Spool, step: Step) -> None:
    """All tiles as they are now into the spool."""
    done = 0
    step(READING, done, plan.size)
    for tiles in plan.tiles.values():
        for tile in tiles:
            if not spool.has(tile, world.renderer.revision(tile)):
                encoded = world.renderer.tile(tile, format)  # type: ignore[arg-type]
                if encoded is None:
                    raise _gone(world, tile)
                spool.put(tile, encoded.revision, encoded.data)
            done += 1
            step(READING, done, plan.size)


def _gone(world: World, tile: Tile) -> Exception:
    where = f"{tile.z}/{tile.x}/{tile.y}"
    if world.renderer.revision(tile):
        return BadSetting(f"tile {where} must be decoded, and the model {world.model_name!r} is not here")
    return WorldDamaged(f"tile {where} was painted a moment ago and is not any more; publish again")


def _packed(
    world: World, plan: Plan, format: str, spool: Spool, work: Path, step: Step
) -> tuple[dict[str, Path], list[bytes]]:
    """The archives by their paths in the version, and digests of all that is in them."""
    files, digests, order = {}, [], count(1)

    def packed() -> None:
        step(PACKING, next(order), plan.size)

    for square, tiles in plan.tiles.items():
        path, hashed = work / f"{square.name}.pmtiles", hashlib.sha256()
        degrees = lonlat(square.moved(around(tiles)))
        zooms = (min(tile.z for tile in tiles), max(tile.z for tile in tiles))
        said = archive.metadata(about(world), degrees, zooms, format)
        archive.pack_pmtiles(
            path, _stored(spool, square, tiles, hashed, packed), degrees, TYPES[format], said
        )
        files[pages.archive(square)] = path
        digests.append(hashed.digest())
    return files, digests


def _stored(
    spool: Spool, square: Square, tiles: list[Tile], hashed: Hash, packed: Callable[[], None]
) -> Iterator[tuple[int, bytes]]:
    """A square's tiles in the order of its archive; ``hashed`` takes in all of them."""
    for id, tile in ids(square, tiles):
        data = spool.read(tile)
        assert data is not None, tile
        hashed.update(id.to_bytes(8, "big") + hashlib.sha256(data).digest())
        yield id, data
        packed()


def _send(target: Target, version: str, files: dict[str, Path], step: Step) -> None:
    """All files of a version, the small ones first."""
    sizes = {name: path.stat().st_size for name, path in files.items()}
    total, done = sum(sizes.values()), 0

    def sent(more: int) -> None:
        nonlocal done
        done += more
        step(SENDING, done // MEGABYTE, max(1, total // MEGABYTE))

    target.send(version, {name: files[name] for name in sorted(files, key=lambda name: sizes[name])}, sent)
    step(SENDING, max(1, total // MEGABYTE), max(1, total // MEGABYTE))
