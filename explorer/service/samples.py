"""The pictures of a dataset: which are to be painted, and where they lie. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from typing import NamedTuple

from explorer.models.family import Traits
from explorer.painting.pyramid import DEEPEST
from explorer.worlds.new import checked_seed, checked_zoom, clean_prompt
from tiles.errors import BadSetting
from tiles.grid import TILE_PIXELS
from tiles.mosaic.area import Area

SIDES = (256, 512)
ROAM, APART = 16, 64  # tiles: where a picture may lie, and from one such square to the next
BLOCK = 100  # pictures of one world, side by side
MOST = 1_000_000
SEED_BITS, OLD_SEED_BITS = 53, 31  # of a world's seed, as many as JSON keeps everywhere and before


class Plan(NamedTuple):
    """The settings of a dataset."""

    prompts: tuple[str, ...]
    zooms: tuple[int, ...]
    pictures: int  # in all
    seed: int = 0
    side: int = 256  # px
    shard: int = 1000  # pictures in a tar
    seed_bits: int = SEED_BITS  # of the worlds' seeds


class Sample(NamedTuple):
    """One picture of a plan."""

    name: str
    prompt: str
    zoom: int
    seed: int  # of the world it is cut from
    area: Area

    @property
    def world(self) -> str:
        """The id of that world. The seed alone may not be unique."""
        return f"w{_draw(self.seed, self.prompt, self.zoom):016x}"


def checked(plan: Plan, traits: Traits) -> Plan:
    """The plan with clean prompts. Raises BadSetting, BadPrompt."""
    if not plan.prompts or not plan.zooms:
        raise BadSetting("a dataset needs at least one prompt and one zoom")
    if not 1 <= plan.pictures <= MOST:
        raise BadSetting(f"{plan.pictures} pictures: it must be 1 to {MOST:,}")
    if plan.side not in SIDES:
        raise BadSetting(f"side {plan.side}: it must be {' or '.join(map(str, SIDES))} px")
    if not 1 <= plan.shard <= 100_000:
        raise BadSetting(f"shard {plan.shard}: it must be 1 to 100,000 pictures")
    checked_seed(plan.seed)
    prompts = tuple(dict.fromkeys(clean_prompt(prompt) for prompt in plan.prompts))
    zooms = tuple(dict.fromkeys(_checked_zoom(zoom, traits) for zoom in plan.zooms))
    return plan._replace(prompts=prompts, zooms=zooms)


def _checked_zoom(zoom: int, traits: Traits) -> int:
    """A zoom where worlds begin, or one that is refined from there. Raises BadSetting."""
    if min(traits.zooms) < zoom <= DEEPEST:
        return zoom
    return checked_zoom(zoom, traits.base_zoom, traits.zooms)


def base_of(zoom: int, traits: Traits) -> int:
    """The base zoom of the world that a picture of a zoom is cut from: the zoom itself or, where the model
    does not know it, the next coarser one that it knows."""
    return max((known for known in traits.zooms if known <= zoom), default=zoom)


def samples(plan: Plan) -> list[Sample]:
    """All pictures of a plan, in order; prompts and zooms take turns."""
    pairs = [(prompt, zoom) for prompt in plan.prompts for zoom in plan.zooms]
    samples = []
    for index in range(plan.pictures):
        number, which = divmod(index, len(pairs))
        prompt, zoom = pairs[which]
        name = f"{_slug(prompt)}-z{zoom}-{index:06d}"
        seed = _draw(plan.seed, prompt, zoom, number // BLOCK) % 2**plan.seed_bits
        samples.append(Sample(name, prompt, zoom, seed, _place(plan, index, number % BLOCK, zoom)))
    return samples


def _place(plan: Plan, index: int, column: int, zoom: int) -> Area:
    """Where a picture of a world lies: far from the others, at a random place among tiles and phases."""
    roam, middle = ROAM * TILE_PIXELS, 2**zoom // 2 * TILE_PIXELS
    down, right = divmod(_draw(plan.seed, index) % roam**2, roam)
    left, top = middle + column * APART * TILE_PIXELS + right, middle + down
    return Area(zoom, left, top, left + plan.side, top + plan.side)


def _draw(*parts: object) -> int:
    """A number that depends only on the arguments."""
    return int.from_bytes(hashlib.blake2b(json.dumps(parts).encode(), digest_size=8).digest())


def _slug(prompt: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", prompt.lower()).strip("-")[:40] or "any"
