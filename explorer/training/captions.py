"""A caption grammar: turns a picture's labels into ordinary words, differently each time. Pure.

The labels are a handful of stock phrases, but people type anything. So a caption is put together from
synonyms, attributes, biomes, places and words for the zoom: a sentence, a few key words or a single one.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np

from explorer.resources import asset
from explorer.training.data import Picture

GRAMMAR = asset("prompts", "grammar.json")
FRAMES = (
    "{scene}", "{scene}", "{scene}", "{scene}", "a {scene}", "the {scene}", "{scene} {view}",
    "{view} of {scene}", "{scene}, {view}", "a {view} of a {scene}", "{scene} {detail}",
    "{scene} with {detail}", "{view} of {scene} with {detail}", "{detail}, {scene}",
)  # fmt: skip
# Words of the stock captions that say more about a tile than its class.
DETAILS = ("river", "lakes", "green vegetated land", "arid desert land", "snow", "farmland", "cities")


@cache
def grammar() -> dict[str, Any]:
    """``scenes``: words by class; ``words``: attributes by class; ``details``; ``views``; ``zooms``."""
    loaded: dict[str, Any] = json.loads(GRAMMAR.read_text())
    return loaded


def tile_caption(picture: Picture, square: int, rng: np.random.Generator) -> str:
    """A caption for one labelled square of a mosaic; empty where nothing is known of it. One without
    labelled squares is a single scene."""
    if not picture.tiles and picture.captions:
        return describe(picture, rng)
    label = picture.tiles[square] if picture.tiles else None
    if not label:
        return ""
    return caption(label["cls"], " ".join(label["captions"]), label["places"], picture.zoom, rng)


def describe(picture: Picture, rng: np.random.Generator) -> str:
    """A caption for a whole picture: from the grammar or, now and then, one that a person wrote."""
    return caption_or_stock(picture.cls, picture.captions, "", picture.zoom, rng)


def caption_or_stock(
    cls: str, stock: tuple[str, ...], places: str, zoom: float, rng: np.random.Generator
) -> str:
    """One of the ``stock`` captions, or one from the grammar; places are "A; B"."""
    if stock and (rng.random() < 0.25 or cls not in grammar()["scenes"]):
        return _pick(stock, rng)
    return caption(cls, " ".join(stock), places, zoom, rng) or "satellite image"


def caption(cls: str, stock: str, places: str, zoom: float, rng: np.random.Generator) -> str:
    """One caption of a scene: its class, its stock phrases, places ("A; B") and zoom."""
    words_for, words = grammar(), grammar()["scenes"].get(cls)
    if not words:
        return stock
    scene = _pick(words, rng)
    if rng.random() < 0.45 and (attributes := words_for["words"].get(cls)):
        scene = f"{_pick(attributes, rng)} {scene}"
    if rng.random() < 0.15:
        scene = f"{scene}, {_pick(words, rng)}"
    present = [
        words_for["details"][word] for word in DETAILS if word in stock and word in words_for["details"]
    ]
    detail = _pick(present[int(rng.integers(len(present)))], rng) if present else ""
    frames = [frame for frame in FRAMES if detail or "{detail}" not in frame]
    text = _pick(frames, rng).format(scene=scene, detail=detail, view=_pick(words_for["views"], rng))
    named = [place.strip() for place in places.split(";") if place.strip()]
    if named and rng.random() < 0.4:
        text += _pick([", {}", " in {}", " {}", " near {}"], rng).format(_pick(named, rng))
    if rng.random() < 0.15 and (scales := words_for["zooms"].get(str(round(zoom)))):
        text += ", " + _pick(scales, rng)
    return text.lower() if rng.random() < 0.6 else text


def _pick(options: list[str] | tuple[str, ...], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]
