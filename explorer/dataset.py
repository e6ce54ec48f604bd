"""Training data out: pictures painted from chosen prompts, as an image folder and as WebDataset.

A data set is a pure function of its plan, its model and this software: the same plan gives the same
bytes. Everything up to ``export`` is pure; what reads and writes comes after it.
"""

from __future__ import annotations

import errno
import hashlib
import html
import io
import json
import math
import os
import re
import shutil
import tarfile
import unicodedata
from collections.abc import Callable, Iterator, Set
from concurrent.futures import wait
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from filelock import FileLock, Timeout

from explorer import pictures
from explorer.atlas import PROMPT_LIMIT, Atlas, NewWorld, checked_seed, checked_zoom, clean_text
from explorer.models.family import Model, Traits
from explorer.painting.painter import Painter
from explorer.version import SOFTWARE
from explorer.world import World
from tiles.errors import BadSetting, DiskFull, PaintingFailed, WorldHeld
from tiles.grid import EARTH, TILE_PIXELS, Bounds, Box, metres_per_pixel

SIDES = (256, 512)  # px
COUNT_LIMIT = 1_000_000
FORMAT = 1  # of plan.json and of where pictures lie
# Pictures of one world lie in squares of 64 x 64 tiles, one in each, its corner in the first 16 x 16:
# so at least 45 tiles are between any two, and no cell, sketch included, is under both.
SPACING, ROAM = 64, 16  # tiles
GROUP = 256  # pictures cut from a world before its latents (8 KB a cell) are thrown away
SLUG = 30  # characters, so that a world's id holds its whole name
PATIENCE = 0.5  # seconds between two looks at whether the painter is well
SCRATCH, PLAN, DATASHEET = ".worlds", "plan.json", "README.md"


class Plan(NamedTuple):
    """What a data set is to hold."""

    prompts: tuple[str, ...]
    zooms: tuple[int, ...]
    count: int  # pictures in all; pairs of prompt and zoom take turns
    seed: int = 0
    side: int = 256  # px of a picture
    shard: int = 1000  # pictures in a tar


class Sample(NamedTuple):
    """One picture of a plan: what it shows, and where on which world it is cut."""

    index: int
    name: str  # of its files, without suffix
    prompt: str
    zoom: int
    world: str
    seed: int  # of the world
    left: int  # px from the plane's north-west corner, at ``zoom``
    top: int
    side: int  # px

    @property
    def bounds(self) -> Bounds:
        """In EPSG:3857 metres."""
        pixel = metres_per_pixel(self.zoom)
        right, bottom = self.left + self.side, self.top + self.side
        west, east = self.left * pixel - EARTH / 2, right * pixel - EARTH / 2
        return Bounds(west, EARTH / 2 - bottom * pixel, east, EARTH / 2 - self.top * pixel)

    @property
    def box(self) -> Box:
        """The tiles under it."""
        ends = (self.left + self.side, self.top + self.side)
        first = (self.left // TILE_PIXELS, self.top // TILE_PIXELS)
        return Box(self.zoom, *first, *(-(-end // TILE_PIXELS) for end in ends))


def checked(plan: Plan, traits: Traits) -> Plan:
    """The plan with clean prompts. Raises BadSetting."""
    if not 1 <= plan.count <= COUNT_LIMIT:
        raise BadSetting(f"count {plan.count}: allowed are 1 to {COUNT_LIMIT:,} pictures")
    if plan.side not in SIDES:
        raise BadSetting(f"side {plan.side}: allowed are {' and '.join(map(str, SIDES))} pixels")
    if not 1 <= plan.shard <= COUNT_LIMIT:
        raise BadSetting(f"shard {plan.shard}: allowed are 1 to {COUNT_LIMIT:,} pictures in a tar")
    checked_seed(plan.seed)
    if not plan.prompts:
        raise BadSetting("no prompts: at least one is needed")
    if not plan.zooms:
        raise BadSetting(f"no zooms: at least one of {traits.zooms[0]} to {traits.zooms[1]} is needed")
    for zoom in plan.zooms:
        checked_zoom(zoom, traits.base_zoom, traits.zooms)
    prompts = tuple(
        clean_text(text, f"prompt {number}", PROMPT_LIMIT) for number, text in enumerate(plan.prompts, 1)
    )
    if "" in prompts:
        raise BadSetting(f"prompt {prompts.index('') + 1} is empty; plain text is allowed")
    for what, values in (("prompt", prompts), ("zoom", plan.zooms)):
        if twice := [value for value in values if values.count(value) > 1]:
            raise BadSetting(f"{what} {twice[0]!r} is there twice; allowed is each {what} once")
    return plan._replace(prompts=prompts)


def sample(plan: Plan, index: int) -> Sample:
    """Which picture is number ``index`` of a checked plan.

    Pairs of prompt and zoom take turns, so that each shard holds all of them. A picture's world and
    place depend on the plan's seed, its prompt, its zoom and how many of that pair came before it.
    """
    turn, number = index % pairs(plan), index // pairs(plan)
    prompt, zoom = plan.prompts[turn % len(plan.prompts)], plan.zooms[turn // len(plan.prompts)]
    short, seed = slug(prompt), _drawn(plan.seed, prompt, zoom)[0]
    left, top = place(number, zoom, _drawn(plan.seed, prompt, zoom, number))
    world = f"{short}-z{zoom}-{seed:012x}"
    return Sample(index, f"{short}-{index:06d}", prompt, zoom, world, seed, left, top, plan.side)


def pairs(plan: Plan) -> int:
    """How many pairs of prompt and zoom there are."""
    return len(plan.prompts) * len(plan.zooms)


def place(number: int, zoom: int, drawn: tuple[int, int]) -> tuple[int, int]:
    """Left and top (px of the plane) of the picture ``number`` of a world, anywhere in its square.

    The squares grow around the middle of the plane, so that the first lie where every tool looks.
    """
    shell = math.isqrt(number)
    along = number - shell**2
    square = (along, shell) if along < shell else (shell, 2 * shell - along)
    corners = (2**zoom // 2 + SPACING * _zigzag(i) for i in square)
    left, top = (
        corner * TILE_PIXELS + offset % (ROAM * TILE_PIXELS) for corner, offset in zip(corners, drawn)
    )
    return left, top


def slug(prompt: str) -> str:
    """A prompt as part of a file name: a-z, 0-9 and single dashes; no dot, where WebDataset splits."""
    plain = unicodedata.normalize("NFKD", prompt).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG].strip("-") or "prompt"


def record(found: Sample, traits: Traits) -> dict[str, Any]:
    """A line of ``metadata.jsonl``, and the JSON of a WebDataset sample."""
    return {
        "file_name": f"{found.name}.png",
        "text": found.prompt,
        "zoom": found.zoom,
        "gsd_m": metres_per_pixel(found.zoom),
        "seed": found.seed,
        "world": found.world,
        "bounds": list(found.bounds),
        "model": traits.name,
        "model_digest": traits.digest,
    }


def described(plan: Plan, model: Model) -> dict[str, Any]:
    """All that decides a data set's bytes: ``plan.json``."""
    traits = model.traits
    made_by = {"model": traits.name, "model_digest": traits.digest, "device": model.device}
    whole = {**plan._asdict(), **made_by, "software": SOFTWARE, "format": FORMAT}
    plain: dict[str, Any] = json.loads(json.dumps(whole))  # lists for tuples, as it is read back
    return plain


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What two plans do not share, in words."""
    keys = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    return [f"{key} was {_short(before.get(key))} and is {_short(now.get(key))}" for key in keys]


def shards(plan: Plan) -> list[range]:
    """The indices of the pictures in each tar."""
    starts = range(0, plan.count, plan.shard)
    return [range(start, min(start + plan.shard, plan.count)) for start in starts]


def groups(plan: Plan, there: Set[str]) -> Iterator[list[Sample]]:
    """Pictures to paint, those of one world together; not those whose file names are ``there``."""
    for turn in range(min(pairs(plan), plan.count)):
        group: list[Sample] = []
        for index in range(turn, plan.count, pairs(plan)):
            found = sample(plan, index)
            if f"{found.name}.png" not in there:
                group.append(found)
            if len(group) == GROUP:
                yield group
                group = []
        if group:
            yield group


def datasheet(plan: Plan, model: Model) -> str:
    """``README.md``: what is in the folder, how it was made, its limits and how to load it."""
    traits = model.traits
    scales = (f"{zoom} ({metres_per_pixel(zoom):.4g} m per pixel)" for zoom in plan.zooms)
    return DATASHEET_TEXT.format(
        count=f"{plan.count:,}",
        side=plan.side,
        model=_literal(traits.name),
        digest=traits.digest,
        licence=_literal(traits.licence),
        steps=traits.steps,
        device=model.device,
        software=SOFTWARE,
        prompts=f"{len(plan.prompts):,}",
        zooms=", ".join(scales),
        seed=plan.seed,
        spacing=SPACING - ROAM - plan.side // TILE_PIXELS - 1,
        shards=f"{len(shards(plan)):,}",
        shard=f"{plan.shard:,}",
        last=f"{len(shards(plan)) - 1:06d}",
        table="\n".join(_table(plan)),
    )


def _table(plan: Plan) -> Iterator[str]:
    """Pictures of each prompt at each zoom, as Markdown."""
    yield " | ".join(["| prompt", *(f"zoom {zoom}" for zoom in plan.zooms)]) + " |"
    yield "| --- |" + " ---: |" * len(plan.zooms)
    for row, prompt in enumerate(plan.prompts):
        turns = (row + column * len(plan.prompts) for column in range(len(plan.zooms)))
        counts = (len(range(turn, plan.count, pairs(plan))) for turn in turns)
        yield " | ".join([f"| {_literal(prompt)}", *map(str, counts)]) + " |"


def _drawn(*key: str | int) -> tuple[int, int]:
    """Two numbers of 48 bits, which any reader of JSON keeps exactly; a function of ``key``."""
    digest = hashlib.blake2b(json.dumps(key).encode(), digest_size=12).digest()
    return int.from_bytes(digest[:6]), int.from_bytes(digest[6:])


def _zigzag(number: int) -> int:
    """0, 1, 2, 3, 4 as 0, 1, -1, 2, -2."""
    return (number + 1) // 2 if number % 2 else -number // 2


def _literal(text: str) -> str:
    """Text that Markdown and HTML show as it is, whatever is in it."""
    return "".join(c if c.isalnum() or c in " ,;.:" else f"&#{ord(c)};" for c in html.unescape(text))


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


def export(atlas: Atlas, painter: Painter, plan: Plan, out: Path, step: Callable[[int, int], None]) -> None:
    """Paint a data set into the folder ``out``, or go on with one that was begun there.

    The model is the default of the atlas' library. ``step(done, total)`` is told after each picture,
    and first of those that are there already; it may raise to stop, and the next call goes on. The
    set is whole when ``README.md`` is there, which is written last. Raises BadSetting (a bad plan, or
    a folder that holds something else, another plan included), WorldHeld (another process writes
    there), PaintingFailed, DiskFull, Busy, ModelRefused.
    """
    model = atlas.library.get()
    plan = checked(plan, model.traits)
    _claim(out)
    with _full_disk(), _workshop(out / SCRATCH) as scratch:
        _keep_plan(out / PLAN, scratch, described(plan, model))
        worlds = Atlas(scratch, atlas.library, atlas.cache_bytes)
        try:
            _paint(worlds, painter, plan, out / "train", step)
        finally:
            worlds.close()
        _write_metadata(plan, model.traits, out / "train", scratch)
        _write_shards(plan, model.traits, out, scratch)
        with _whole(out / DATASHEET, scratch) as file:
            file.write(datasheet(plan, model).encode())


def _claim(out: Path) -> None:
    """Make the folder, or see that nothing else is in it. Raises BadSetting."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise BadSetting(f"{out} is a file; a folder is needed") from None
    others = sorted(path.name for path in out.iterdir() if path.name != SCRATCH)
    if others and PLAN not in others:
        raise BadSetting(f"{out} holds {others[0]!r} and no {PLAN}; take an empty folder, or one begun before")


@contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """The folder of scratch worlds and of files not finished yet: empty, ours alone, then gone.

    What a killed run left in it is the part of one picture at most. Raises WorldHeld.
    """
    folder.mkdir(exist_ok=True)
    lock = FileLock(folder / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise WorldHeld(f"another process is writing to {folder.parent}") from None
    try:
        for left in folder.iterdir():
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left)
            elif left.name != "lock":
                left.unlink()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()


@contextmanager
def _full_disk() -> Iterator[None]:
    """Say it in words when the disk is full. Raises DiskFull."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DiskFull("the disk is full; the data set goes on from here once there is room") from error


@contextmanager
def _whole(path: Path, scratch: Path) -> Iterator[BinaryIO]:
    """A file that appears at ``path`` when it is whole and on the disk, or not at all."""
    part = scratch / f"{path.name}.part"
    with part.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _keep_plan(path: Path, scratch: Path, now: dict[str, Any]) -> None:
    """Write ``plan.json``, or see that it is this plan. Raises BadSetting."""
    if not path.exists():
        with _whole(path, scratch) as file:
            file.write((json.dumps(now, indent=1) + "\n").encode())
        return
    try:
        before = json.loads(path.read_bytes())
    except ValueError as error:
        raise BadSetting(f"{path} cannot be read ({error}); take an empty folder") from None
    if before != now:
        what = differences(before, now) if isinstance(before, dict) else ["it is no plan"]
        raise BadSetting(f"{path.parent} was begun with another plan: {'; '.join(what)}")


def _paint(
    worlds: Atlas, painter: Painter, plan: Plan, folder: Path, step: Callable[[int, int], None]
) -> None:
    """Write the pictures that are not there."""
    folder.mkdir(exist_ok=True)
    there = set(os.listdir(folder))
    if done := sum(f"{sample(plan, index).name}.png" in there for index in range(plan.count)):
        step(done, plan.count)
    for group in groups(plan, there):
        with _world(worlds, painter, group[0]) as world:
            for found in group:
                data = pictures.encode(picture(world, painter, found), "png")
                with _whole(folder / f"{found.name}.png", worlds.folder) as file:
                    file.write(data)
                done += 1
                step(done, plan.count)


@contextmanager
def _world(worlds: Atlas, painter: Painter, first: Sample) -> Iterator[World]:
    """The world of a sample, for a while."""
    new = NewWorld(first.world, first.prompt, first.seed, base_zoom=first.zoom)
    world = worlds.create(new)
    try:
        yield world
    finally:
        painter.forget(world)  # its thread may be in the middle of a cell
        worlds.delete(world.id)


def picture(world: World, painter: Painter, found: Sample) -> np.ndarray:
    """Paint the land of a sample and cut it out, uint8 (side, side, 3). Raises PaintingFailed."""
    box = found.box
    _finish(world, painter, box)
    sheet = np.empty((box.height * TILE_PIXELS, box.width * TILE_PIXELS, 3), np.uint8)
    for tile in box.tiles():
        y, x = (tile.y - box.top) * TILE_PIXELS, (tile.x - box.left) * TILE_PIXELS
        pixels = world.pixels(tile)
        if pixels is None:
            raise PaintingFailed(f"tile {tile.z}/{tile.x}/{tile.y} was not painted")
        sheet[y : y + TILE_PIXELS, x : x + TILE_PIXELS] = pixels
    y, x = found.top - box.top * TILE_PIXELS, found.left - box.left * TILE_PIXELS
    return sheet[y : y + found.side, x : x + found.side]


def _finish(world: World, painter: Painter, box: Box) -> None:
    """Have a box of tiles painted until they are final. Raises PaintingFailed, DiskFull, Busy."""
    asked = []
    try:
        for tile in box.tiles():
            asked.append(painter.ask(world, tile))
        waiting = set(asked)
        while waiting:
            done, waiting = wait(waiting, timeout=PATIENCE)
            for future in done:
                future.result()
            status = painter.status()
            if waiting and not status.alive:
                raise PaintingFailed("the painter has stopped")
            # A painter that could not read the world gives a wish up without a word to who asked.
            if waiting and not status.waiting and not all(map(world.final, box.tiles())):
                raise PaintingFailed(status.error or "the painter gave up")
    finally:
        for future in asked:
            future.cancel()


def _write_metadata(plan: Plan, traits: Traits, folder: Path, scratch: Path) -> None:
    """``metadata.jsonl``: one line a picture, in ASCII, so that any reader splits the lines alike."""
    with _whole(folder / "metadata.jsonl", scratch) as file:
        for index in range(plan.count):
            file.write(json.dumps(record(sample(plan, index), traits)).encode() + b"\n")


def _write_shards(plan: Plan, traits: Traits, out: Path, scratch: Path) -> None:
    """The tars that are not there yet, from the pictures."""
    folder = out / "webdataset"
    folder.mkdir(exist_ok=True)
    for number, indices in enumerate(shards(plan)):
        path = folder / f"shard-{number:06d}.tar"
        if path.exists():
            continue
        members = chain.from_iterable(_members(sample(plan, i), traits, out / "train") for i in indices)
        with _whole(path, scratch) as file, tarfile.open(fileobj=file, mode="w", format=_TAR) as tar:
            for name, data in members:
                tar.addfile(_header(name, len(data)), io.BytesIO(data))


def _members(found: Sample, traits: Traits, folder: Path) -> Iterator[tuple[str, bytes]]:
    """A sample's files in a tar, one after the other as WebDataset wants them."""
    yield f"{found.name}.png", (folder / f"{found.name}.png").read_bytes()
    yield f"{found.name}.json", json.dumps(record(found, traits)).encode()
    yield f"{found.name}.txt", found.prompt.encode()


def _header(name: str, size: int) -> tarfile.TarInfo:
    """Says nothing of when and by whom: the same bytes each time."""
    header = tarfile.TarInfo(name)
    header.size, header.mtime, header.mode = size, 0, 0o644
    header.uid = header.gid = 0
    header.uname = header.gname = ""
    return header


_TAR = tarfile.USTAR_FORMAT
DATASHEET_TEXT = """\
---
pretty_name: Land of an Earth that does not exist
task_categories:
- text-to-image
tags:
- synthetic
- remote-sensing
configs:
- config_name: default
  data_files:
  - split: train
    path: train/*
---

# {count} pictures of an Earth that does not exist

Square pictures of {side} x {side} pixels, seen from above, each with the words it was painted from.
**None of them shows a real place**: all were painted by a generative model.

## How they were made

| | |
| --- | --- |
| software | {software} |
| model | {model}, {steps} steps, on {device} |
| model digest | `{digest}` |
| licence of the model | {licence} |
| prompts | {prompts} |
| zooms | {zooms} |
| pictures | {count} |
| seed | {seed} |

For each pair of prompt and zoom a world was painted with a seed of its own, derived from the seed
above. Pictures were cut from it at random places, at least {spacing} tiles apart, so no two share any
painted land. The file `plan.json` holds everything that decides the bytes: the same plan gives the same
data set on the same kind of machine.

## What is where

- `train/`: PNG pictures and `metadata.jsonl`, the layout that Hugging Face calls `imagefolder`.
- `webdataset/`: the same pictures in {shards} tar files of up to {shard}, as WebDataset: for each
  picture `NAME.png`, `NAME.json` and `NAME.txt` (the prompt).

Each picture has: `file_name`; `text`, the prompt; `zoom`, of web mercator; `gsd_m`, metres per pixel on the
equator; `seed` and `world`, the world it was cut from; `bounds`, west, south, east and north in EPSG:3857
metres; `model` and `model_digest`.

{table}

## Limits

- The pictures can be no better than the model, and share its biases; the words are what was asked for, and
  nobody has checked that they are what is shown.
- A world's plane has no edge: `bounds` may lie outside the square of web mercator, where a place has no
  longitude and latitude. They are good for distances, and to find a picture in its world again.
- Pictures of one prompt and zoom come from one world: split by `world` where that matters. There is one
  split, `train`.
- The licence above is the model's. Whoever publishes the pictures decides on theirs.

## How to load them

```python
from datasets import load_dataset

pictures = load_dataset("imagefolder", data_dir="FOLDER", split="train")
```

```python
import webdataset

pictures = webdataset.WebDataset("FOLDER/webdataset/shard-{{000000..{last}}}.tar", shardshuffle=False)
pictures = pictures.decode("pil").to_tuple("png", "txt", "json")
```
"""
