"""World files built by hand, so that they can be wrong in any way."""

import hashlib
import json
import zipfile
from pathlib import Path

from tiles.grid import Tile
from tiles.package import form
from tiles.store import cell_digest

MEBIBYTE = 2**20
SETTINGS = {
    "name": "n", "seed": 1, "model": "terra", "digest": "0123456789abcdef", "base_zoom": 8,
    "home": [0, 0.5], "sketch": 2, "halo": 8, "created": "2026-01-02T03:04:05+00:00",
}  # fmt: skip


WORLD = {"format": "endless-earth", "version": 1, "settings": SETTINGS}
ENTRY = {
    "number": 1, "kind": "prompt", "made": "2026-01-02T03:04:05+00:00", "data": {"prompt": "p", "painted": []},
}  # fmt: skip


RUN = [8, 5, -2, 3]


def record(z=8, x=0, y=0, entry=1, version=1, data=bytes(8192), digest=None):
    return form.HEAD.pack(z, x, y, entry, version, digest or cell_digest(Tile(z, x, y), entry, data)) + data


def text(value) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def members(world=WORLD, journal=(ENTRY,), cells=None) -> list:
    found = [
        ("world.json", text(world)),
        ("journal.jsonl", b"".join(text(entry) + b"\n" for entry in journal)),
    ]
    return found if cells is None else [*found, ("cells.bin", b"".join(cells))]


def summed(found: list) -> list:
    """With sums that are right: hostile in itself, not damaged."""
    lines = [f"{hashlib.blake2b(data, digest_size=32).hexdigest()}  {name}\n" for name, data in found]
    return [*found, ("b2sums", "".join(lines).encode())]


def put(path: Path, found: list, compression=zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in found:
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return path
