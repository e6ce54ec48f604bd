"""Training data out: pictures painted to prompts, as an image folder and as WebDataset shards.

Everything is a pure function of the plan and the model: the same plan gives the same bytes.
"""

from __future__ import annotations

import errno
import io
import itertools
import json
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

from explorer.models.family import Traits
from explorer.models.library import Library
from explorer.service import stac
from explorer.service.ahead import read_ahead
from explorer.service.bulk import paint_all
from explorer.service.executors import hands_of
from explorer.service.painter import Painter
from explorer.service.samples import OLD_SEED_BITS, SEED_BITS, Plan, Sample, base_of, checked, samples
from explorer.version import SOFTWARE
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from explorer.worlds.world import World
from tiles.errors import BadSetting, DiskFull
from tiles.grid import TILE_PIXELS, metres_per_pixel

CACHE_BYTES = 2**26
PICTURE_BYTES = 60_000  # of 256 x 256 px, about


def export(
    library: Library,
    painter: Painter,
    plan: Plan,
    out: Path,
    step: Callable[[int, int], None],
    spare_bytes: int = 0,
) -> Path:
    """Write the dataset of ``plan`` into the folder ``out``, and return that.

    It can be stopped at any moment and started again: pictures that are there are kept.
    ``step(done, total)`` may raise to stop it. Raises BadSetting, BadPrompt, PaintingFailed, and
    DiskFull before any work if not ``spare_bytes`` of the disk would be left.
    """
    traits = library.get().traits
    plan = _as_before(checked(plan, traits), out)
    _require_room(plan, out, spare_bytes)
    _claim(out, {**plan._asdict(), "model": traits.digest})
    every = samples(plan)
    atlas = Atlas(out / ".worlds", library, CACHE_BYTES)
    try:
        # World by world, whatever the order of the pictures; of each as many at once as there are painters.
        for done, group in _together(sorted(every, key=lambda sample: sample.world), painter):
            step(done, len(every))
            left = [sample for sample in group if not _file(out, sample).exists()]
            _paint(atlas, painter, left)
            for more, sample in enumerate(left):
                step(done + more, len(every))
                pixels = _cut(_world(atlas, painter, sample), sample, hands_of(painter.status().crew))
                _write(_file(out, sample), _encoded(pixels))
    finally:
        for world in atlas.opened():
            painter.forget(world)
        atlas.close()
    rows = [_row(sample, traits) for sample in every]
    lines = "".join(json.dumps({"file_name": f"{row['name']}.png", **row}) + "\n" for row in rows)
    _write(out / "train" / "metadata.jsonl", lines.encode())
    shards = []
    for number, start in enumerate(range(0, len(rows), plan.shard)):
        shards.append(out / "webdataset" / f"shard-{number:06d}.tar")
        with _written(shards[-1]) as file:
            _tar(file, out / "train", rows[start : start + plan.shard])
    said = stac.origin(plan.prompts, plan.seed, traits.name, traits.digest, traits.licence)
    places = [sample.area.bounds for sample in every]
    stac.write_collection(out, traits.licence, places, said, [out / "train" / "metadata.jsonl", *shards])
    _write(out / "README.md", datasheet(plan, traits, every).encode())
    shutil.rmtree(out / ".worlds")
    step(len(every), len(every))
    return out


def _as_before(plan: Plan, out: Path) -> Plan:
    """The plan with as many bits of seeds as an unfinished dataset in ``out`` was begun with."""
    path = out / "plan.json"
    return plan._replace(seed_bits=_plan_in(path)["seed_bits"]) if path.exists() else plan


def _require_room(plan: Plan, out: Path, spare_bytes: int) -> None:
    """Each picture is written twice, as a file and into a shard. Raises DiskFull."""
    folder = next(path for path in (out.absolute(), *out.absolute().parents) if path.is_dir())
    there = len(list((out / "train").glob("*.png")))
    needed = (2 * plan.pictures - there) * PICTURE_BYTES * (plan.side // 256) ** 2 + spare_bytes
    if needed > (free := shutil.disk_usage(folder).free):
        raise DiskFull(f"about {needed:,} bytes of free disk are needed; {free:,} are free")


def _claim(out: Path, plan: dict[str, Any]) -> None:
    """Make ``out`` the folder of this plan. Raises BadSetting if it holds something else."""
    path = out / "plan.json"
    plan = json.loads(json.dumps(plan))  # as it will be read
    if out.exists() and not out.is_dir():
        raise BadSetting(f"{out} is a file; a dataset needs a folder")
    if path.exists():
        before = _plan_in(path)
        if differs := [key for key in plan if plan[key] != before.get(key)]:
            raise BadSetting(
                f"{out} holds another dataset with other {', '.join(differs)}; choose another folder"
            )
    elif out.exists() and any(not child.name.endswith(".part") for child in out.iterdir()):
        raise BadSetting(f"{out} is not empty and is not a dataset; choose another folder")
    else:
        _write(path, (json.dumps(plan, indent=1) + "\n").encode())


def _plan_in(path: Path) -> dict[str, Any]:
    try:
        plan = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise BadSetting(f"{path} cannot be read ({error}); choose another folder") from None
    if not isinstance(plan, dict) or plan.setdefault("seed_bits", OLD_SEED_BITS) not in (
        OLD_SEED_BITS,
        SEED_BITS,
    ):
        raise BadSetting(f"{path} is not the plan of a dataset; choose another folder")
    return plan


def _file(out: Path, sample: Sample) -> Path:
    return out / "train" / f"{sample.name}.png"


def _together(every: list[Sample], painter: Painter) -> Iterator[tuple[int, list[Sample]]]:
    """Pictures of one world that are painted at the same time, and how many come before them."""
    done = 0
    for _, alike in itertools.groupby(every, key=lambda sample: sample.world):
        while group := list(itertools.islice(alike, hands_of(painter.status().crew))):
            yield done, group
            done += len(group)


def _paint(atlas: Atlas, painter: Painter, group: list[Sample]) -> None:
    """Paint all that pictures of one world need."""
    if group:
        tiles = dict.fromkeys(tile for sample in group for tile in sample.area.box.tiles())
        paint_all(painter, _world(atlas, painter, group[0]), list(tiles), lambda more: None)


def _cut(world: World, sample: Sample, hands: int) -> np.ndarray:
    """The pixels of a sample, uint8 (side, side, 3), of which ``hands`` tiles are decoded at a time."""
    box = sample.area.box
    sheet = np.empty((box.height * TILE_PIXELS, box.width * TILE_PIXELS, 3), np.uint8)
    with read_ahead(world.renderer.pixels, box.tiles(), hands) as get:
        for tile in box.tiles():
            pixels = get(tile)
            assert pixels is not None  # just painted
            y, x = (tile.y - box.top) * TILE_PIXELS, (tile.x - box.left) * TILE_PIXELS
            sheet[y : y + TILE_PIXELS, x : x + TILE_PIXELS] = pixels
    y, x = sample.area.top - box.top * TILE_PIXELS, sample.area.left - box.left * TILE_PIXELS
    return sheet[y : y + sample.area.height, x : x + sample.area.width]


def _world(atlas: Atlas, painter: Painter, sample: Sample) -> World:
    """The world that a sample is cut from; the one before it is finished and deleted."""
    if sample.world not in atlas.names():
        for done in atlas.names():
            painter.forget(atlas.get(done))
            atlas.delete(done)
        base = base_of(sample.zoom, atlas.library.get().traits)
        atlas.create(NewWorld(sample.world, sample.prompt, sample.seed, base_zoom=base))
    return atlas.get(sample.world)


def _encoded(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def _row(sample: Sample, traits: Traits) -> dict[str, Any]:
    """The metadata of a picture."""
    base = base_of(sample.zoom, traits)
    return {
        "name": sample.name,
        "text": sample.prompt,
        "zoom": sample.zoom,
        "gsd_m": round(metres_per_pixel(sample.zoom), 6),
        "seed": sample.seed,
        "world": f"{traits.name} {traits.digest[:8]} {sample.seed}",
        "bounds": list(sample.area.bounds),
        "crs": "EPSG:3857",
        "model": traits.digest,
        **({} if base == sample.zoom else {"refined_from_zoom": base}),
    }


def _tar(file: IO[bytes], folder: Path, rows: list[dict[str, Any]]) -> None:
    """A WebDataset shard: NAME.png, NAME.json and NAME.txt of each row, the same bytes each time."""
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for row in rows:
            for suffix, data in _members(folder, row):
                info = tarfile.TarInfo(f"{row['name']}.{suffix}")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))


def _members(folder: Path, row: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    yield "png", (folder / f"{row['name']}.png").read_bytes()
    yield "json", json.dumps(row).encode()
    yield "txt", row["text"].encode()


@contextmanager
def _written(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears at ``path`` only when it is complete. Raises DiskFull."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(part, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(f"the disk is full: {path.name} could not be written") from error
        raise


def _write(path: Path, data: bytes) -> None:
    with _written(path) as file:
        file.write(data)


def datasheet(plan: Plan, traits: Traits, every: list[Sample]) -> str:
    """The README of the dataset, with the header of a Hugging Face dataset card."""
    # Indented, so that Markdown shows them as they are.
    prompts = "\n".join(f"    {prompt or '(no prompt)'}" for prompt in plan.prompts)
    resolutions = ", ".join(f"{zoom} ({metres_per_pixel(zoom):.6g} m per pixel)" for zoom in plan.zooms)
    return f"""---
license: {stac.spdx(traits.licence).lower()}
configs:
- config_name: default
  data_dir: train
---

# Imaginary land: {len(every):,} painted satellite pictures

No place in these pictures exists. They were painted by {SOFTWARE} with the model {traits.name}
(digest {traits.digest}) and are as its licence says: {traits.licence}.

- Pictures: {len(every):,}, {plan.side} x {plan.side} px, RGB, lossless PNG
- Zooms: {resolutions}
- Seed: {plan.seed}. The same plan (`plan.json`) and model give the same bytes again.
- No two pictures share land; they lie anywhere among tiles.

Prompts:

{prompts}

## Layout

- `train/`: PNG and `metadata.jsonl` (file_name, text, zoom, gsd_m, seed, world, bounds in metres, crs, model;
  refined_from_zoom where the zoom is none that the model learned)
- `webdataset/`: the same as tar shards of up to {plan.shard:,}, NAME.png, NAME.json, NAME.txt

```python
datasets.load_dataset("imagefolder", data_dir="train")
webdataset.WebDataset("webdataset/shard-000000.tar").decode("rgb").to_tuple("png", "json")
```

## Limits

`text` is what the model was asked for, not what a person saw. What the model does not know, it does not
show: see the model's own card. Do not take these pictures for observations of the Earth.
"""
