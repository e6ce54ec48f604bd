"""World files: whether one may be written, and writing it as a job."""

from __future__ import annotations

import shutil
from pathlib import Path

from explorer.service.jobs import Step, Work
from explorer.worlds.world import World
from tiles import package
from tiles.errors import DiskFull

KIND, WRITING = "package", "writing"  # the kind of job, and its one stage


def work(world: World, latents: bool, folder: Path, spare: int) -> Work:
    """What writes a world as one file, with ``latents`` also what is painted.

    Raises DiskFull where ``folder`` has no room for it and ``spare`` bytes more; so does the work, which
    looks again when its turn has come.
    """
    total = package.size(world.store, latents)
    require_room(folder, total, spare)

    def write(place: Path, step: Step) -> list[Path]:
        require_room(folder, total, spare)
        path = place / f"{world.id}{package.SUFFIX}"
        world.pack(path, latents, lambda done: step(WRITING, min(done, total), total))
        return [path]

    return write


def require_room(folder: Path, needed: int, spare: int) -> None:
    """Raises DiskFull unless ``needed`` bytes fit on the disk and leave ``spare`` free."""
    free = shutil.disk_usage(folder).free
    if needed + spare > free:
        raise DiskFull(f"about {needed + spare:,} bytes of free disk are needed, {free:,} are there")
