"""The file that the first world comes from: the land about its home, painted by terra.

python -m benchmarks.firstlight
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.common import paint
from explorer.models.kinds import kind_here
from explorer.models.library import Library
from explorer.worlds.atlas import Atlas
from explorer.worlds.firstlight import FILE, NEW, home_view


def main() -> None:
    """Paint and write it anew; after each change of terra's weights."""
    with tempfile.TemporaryDirectory() as folder:
        atlas = Atlas(Path(folder), Library("terra", "cpu"), 2**28)
        world = atlas.create(NEW)
        windows = paint(world, home_view(world).tiles())
        world.note_painter(kind_here("cpu"))
        world.pack(FILE, latents=True)
        atlas.close()
    print(f"{FILE}: {windows} windows, {FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
