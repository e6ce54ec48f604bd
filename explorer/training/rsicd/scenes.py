"""Captioned pictures with classes: RSICD as it is handed out, or shards of our own training data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from explorer.training import data
from tiles.errors import BadSetting

INDEX = "dataset_rsicd.json"
FOLDERS = ("RSICD_images", "images", ".")
CLASSES = "txtclasses_rsicd"  # beside the index: CLASS.txt names the pictures whose own names tell no class
TRAIN = "train"


class Scene(NamedTuple):
    """A real picture."""

    name: str  # without suffix
    cls: str
    caption: str  # the first of its five
    zoom: float | None  # None: nobody knows
    load: Callable[[], np.ndarray]  # uint8 (height, width, 3)


class Scenes(NamedTuple):
    """A data set in two parts."""

    name: str
    train: list[Scene]
    test: list[Scene]  # all that are not for training

    @property
    def classes(self) -> list[str]:
        """Those of the test part, in order."""
        return sorted({scene.cls for scene in self.test})

    @property
    def digest(self) -> str:
        """Stands for names, classes and captions of the test part: 16 hexadecimal digits."""
        told = json.dumps([(scene.name, scene.cls, scene.caption) for scene in self.test])
        return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


def read(folder: Path, pattern: str = "ucmerced-*") -> Scenes:
    """RSICD, where ``folder`` holds its ``dataset_rsicd.json``; else its shards whose names match
    ``pattern``, of which places are held out as training does. Raises BadSetting for what is wrong, by name.
    """
    paths = (folder / INDEX, folder / "annotations_rsicd" / INDEX)
    index = next((path for path in paths if path.is_file()), None)
    if index is not None:
        return _rsicd(folder, index)
    train, test = list[Scene](), list[Scene]()
    for picture in data.read(folder, pattern):
        if picture.cls and picture.captions:
            (test if picture.held_out else train).append(_of_shard(picture))
    if not test:
        raise BadSetting(f"{folder}: no {INDEX} there, and no captioned pictures in shards named {pattern}")
    return Scenes(pattern.rstrip("-*"), train, test)


def chosen(scenes: Sequence[Scene], count: int) -> list[Scene]:
    """``count`` scenes, classes in turn; all for 0 or more than there are."""
    if not 0 < count < len(scenes):
        return list(scenes)
    by_class: dict[str, list[Scene]] = {}
    for scene in scenes:
        by_class.setdefault(scene.cls, []).append(scene)
    sheets = [by_class[cls] for cls in sorted(by_class)]
    rounds = (sheet[turn] for turn in range(len(scenes)) for sheet in sheets if turn < len(sheet))
    return list(islice(rounds, count))


def _of_shard(picture: data.Picture) -> Scene:
    pixels = picture.pixels
    return Scene(picture.name, picture.cls, picture.captions[0], picture.zoom, lambda: pixels)


def _rsicd(folder: Path, index: Path) -> Scenes:
    try:
        images = json.loads(index.read_text("utf-8"))["images"]
        rows = [(str(each["filename"]), str(each["split"]), _caption(each)) for each in images]
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise BadSetting(f"{index.name} is not as RSICD's: {type(error).__name__} {error}") from None
    listed = dict(_listed(folder))
    there = {path.name: path for each in FOLDERS for path in (folder / each).glob("*.jpg")}
    parts: dict[bool, list[Scene]] = {True: [], False: []}
    for file, split, caption in rows:
        if file not in there:
            raise BadSetting(f"{index.name} names {file[:80]}, which is not in {folder}")
        cls = file.rpartition("_")[0] or listed.get(file, "")
        if not cls:
            raise BadSetting(f"{file[:80]}: no class in its name, nor in {CLASSES}/*.txt")
        path = there[file]
        scene = Scene(path.stem, cls, caption, None, lambda path=path: _pixels(path))  # type: ignore[misc]
        parts[split == TRAIN].append(scene)
    if not parts[False]:
        raise BadSetting(f"{index.name}: every picture is of the split {TRAIN}")
    return Scenes("RSICD", parts[True], parts[False])


def _caption(image: dict[str, Any]) -> str:
    return str(image["sentences"][0]["raw"]).removesuffix(".").strip()


def _listed(folder: Path) -> Iterator[tuple[str, str]]:
    """Classes of pictures by their names."""
    for path in sorted((folder / CLASSES).glob("*.txt")):
        yield from ((name, path.stem) for name in path.read_text("utf-8").split())


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))
