"""Edits, made and looked at."""

import time

from explorer import pictures
from explorer.service import edits
from explorer.service.edits import EditRequest
from tiles.grid import Box, Tile

HOME = 2**7
REGION = Box(8, HOME - 2, HOME - 2, HOME + 4, HOME + 4)
MIDDLE = [Tile(8, HOME, HOME), Tile(8, HOME + 1, HOME), Tile(8, HOME + 1, HOME + 1)]


def over(job, state="done"):
    end = time.monotonic() + 120
    while job.state in ("waiting", "running"):
        assert time.monotonic() < end
        time.sleep(0.005)
    assert job.state == state, job.error
    return job


def edit(world, painter, jobs, tiles, prompt="desert", **more):
    request = EditRequest(tiles, prompt, **{"seed": 3, **more})
    return over(edits.start(world, painter, jobs, edits.checked(world, request, 256)))


def changed_pixels(before, after):
    """By tile, where a tile's pixels are not what they were."""
    found = {}
    for tile in before:
        apart = (pictures.decode(before[tile]) != pictures.decode(after[tile])).any(2)
        if apart.any():
            found[tile] = apart
    return found
