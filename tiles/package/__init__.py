"""The world itself as one file: enough to paint the same land elsewhere, with latents the same bytes.

A zip with these members and no others, in this order:

    world.json     {"format": "endless-earth", "version": 2, "settings": {...}}
    journal.jsonl  an entry a line: {"number": 1, "kind": "prompt", "made": "...", "data": {...}}
    pictures.bin   only where pictures were put on the map; a record for each cell of one, by entry, zoom, x
                   and y: these four (int64), digest (16 bytes), mask (a bit for each latent), latents
                   (float16 (channels, side, side)), little-endian
    cells.bin      only with latents; a record for each painting of a cell, by zoom, x, y and entry: these
                   four, version (int64), digest (16 bytes), latents, likewise
    b2sums         the BLAKE2b-256 of each, so that ``b2sum -c b2sums`` checks what unzip made

Nothing is compressed: latents are nearly noise (deflate saves 8 %), the same world gives the same file
whatever zlib wrote it, and what is read out of a file can never be more than the file.

    pack(store, Path("first-light.earth"), latents=True)
    unpack(Path("first-light.earth"), Path("worlds/first-light"))
"""

from __future__ import annotations

from tiles.package.form import MEDIA_TYPE, SUFFIX
from tiles.package.reading import settings, unpack
from tiles.package.writing import Written, pack, size

__all__ = ["MEDIA_TYPE", "SUFFIX", "Written", "pack", "settings", "size", "unpack"]
