"""The levels of a world, and the model of each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from explorer.models.family import Model
from explorer.painting.pyramid import DEEPEST, Pyramid, Sight, pyramid_of
from tiles.errors import ModelRefused
from tiles.latents import space_of
from tiles.levels import LevelModel, level_models


class Levels(NamedTuple):
    """What paints a world. A model that is not here takes its levels with it, and all that are deeper: then
    the last level that is left is enlarged."""

    whole: Pyramid  # all levels
    pyramid: Pyramid  # those that are painted and shown here
    own: Model  # the world's, of all levels but those of ``others``
    others: Mapping[int, Model]  # by the zoom from which on they paint
    missing: Mapping[int, ModelRefused]  # by zoom, why its model is not here


def pyramid_for(settings: Mapping[str, Any]) -> Pyramid:
    """All levels that a world's settings name. Raises KeyError, WorldDamaged."""
    others = {each.zoom: Sight(each.halo, each.space) for each in level_models(settings)}
    base, sketch, halo = settings["base_zoom"], settings["sketch"], settings["halo"]
    return pyramid_of(base, sketch, halo, space_of(settings), DEEPEST, others, settings.get("follow", 0))


def levels_of(
    settings: Mapping[str, Any], own: Model, others: Mapping[int, Model], missing: Mapping[int, ModelRefused]
) -> Levels:
    """The levels of a world whose own model is ``own``."""
    whole = pyramid_for(settings)
    return Levels(whole, whole.down_to(min(missing)) if missing else whole, own, others, missing)


def whereabouts(name: str) -> str:
    """A model's name, or its folder from the root on, so that it is found from any other folder."""
    folder = Path(name).expanduser()
    return str(folder.resolve()) if folder.is_dir() else name


def noted(zoom: int, name: str, model: Model) -> LevelModel:
    """What a world's settings say of a model that paints from a zoom on."""
    traits = model.traits
    return LevelModel(
        zoom=zoom,
        model=whereabouts(name),
        digest=traits.digest,
        halo=traits.halo,
        channels=traits.channels,
        pixels=traits.pixels,
        recipe=model.recipe,
    )


def as_settings(level: LevelModel) -> dict[str, Any]:
    """What a world's settings would say if a level's model were its own."""
    return {**level.data(), "sketch": 0, "base_zoom": level.zoom}
