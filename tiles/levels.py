"""The models of a world's levels: which one paints from which zoom on, as the settings keep it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tiles.errors import WorldDamaged
from tiles.grid import MAX_ZOOM
from tiles.latents import MAX_CHANNELS, PIXELS, LatentSpace, space_of
from tiles.recipe import Recipe
from tiles.values import Digest

MOST_MODELS = 8  # of the levels of one world
LONGEST = 4096  # characters of a model's name or folder
Whole = Annotated[int, Field(strict=True)]


class LevelModel(BaseModel):
    """Another model than the world's own, which paints from a zoom on, down to the next one's.

    >>> LevelModel(zoom=12, model="text2earth", digest="0" * 32, halo=8, channels=4, pixels=8).space.side
    32
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    zoom: Annotated[Whole, Field(ge=0, le=MAX_ZOOM)]
    model: Annotated[str, Field(strict=True, min_length=1, max_length=LONGEST)]  # its name or its folder
    digest: Digest
    halo: Annotated[Whole, Field(ge=0)]  # latents that it sees on each side of a cell
    channels: Annotated[Whole, Field(ge=1, le=MAX_CHANNELS)]
    pixels: Whole
    recipe: Recipe | None = None

    @property
    def space(self) -> LatentSpace:
        return LatentSpace(self.channels, self.pixels)

    def data(self) -> dict[str, Any]:
        """As JSON for a world's settings."""
        return self.model_dump(mode="json")


class Spaces(NamedTuple):
    """The latent spaces of a world's cells, by zoom."""

    own: LatentSpace  # that of the world's model
    below: tuple[tuple[int, LatentSpace], ...] = ()  # from a zoom on, in order

    def at(self, zoom: int) -> LatentSpace:
        """That of the cells of a zoom.

        >>> Spaces(LatentSpace(4, 8), ((12, LatentSpace(16, 8)),)).at(13).channels
        16
        """
        return next((space for first, space in reversed(self.below) if first <= zoom), self.own)

    @property
    def all(self) -> tuple[LatentSpace, ...]:
        return (self.own, *(space for _, space in self.below))


def level_models_of(value: Any) -> tuple[LevelModel, ...]:
    """The models in a world's settings, the coarsest first. Raises ValueError in words for what are none."""
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > MOST_MODELS:
        raise ValueError(f"it must be a list of up to {MOST_MODELS} models")
    try:
        found = tuple(LevelModel.model_validate(each) for each in value)
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(str(part) for part in wrong["loc"])
        raise ValueError(f"{where}: {wrong['msg'].removeprefix('Value error, ')}") from None
    for each in found:
        if each.pixels not in PIXELS or each.halo > each.space.side:
            raise ValueError(f"zoom {each.zoom}: no model has such latents")
    zooms = [each.zoom for each in found]
    if zooms != sorted(set(zooms)):
        raise ValueError("their zooms must go up")
    return found


def are_level_models(value: Any) -> bool:
    """Whether a value are the models of a world's levels.

    >>> are_level_models([]), are_level_models([{"zoom": 12}])
    (True, False)
    """
    try:
        level_models_of(value)
    except ValueError:
        return False
    return True


def level_models(settings: Mapping[str, Any]) -> tuple[LevelModel, ...]:
    """The models of a world's levels besides its own, the coarsest first. Raises WorldDamaged."""
    try:
        return level_models_of(settings.get("level_models", ()))
    except ValueError as error:
        raise WorldDamaged(f"the models of the world's levels cannot be read ({error})") from None


def spaces_of(settings: Mapping[str, Any]) -> Spaces:
    """The latent spaces that a world's settings name. Raises WorldDamaged."""
    return Spaces(space_of(settings), tuple((each.zoom, each.space) for each in level_models(settings)))
