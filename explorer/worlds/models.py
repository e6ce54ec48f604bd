"""The models of a world, found as its settings name them, and what happens where they are not here."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from explorer.models.absent import Absent
from explorer.models.family import Model
from explorer.models.library import Library
from explorer.worlds.access import Access
from explorer.worlds.levels import Levels, as_settings, levels_of, whereabouts
from tiles.errors import BadSetting, ModelRefused
from tiles.latents import LatentSpace
from tiles.levels import LevelModel, level_models
from tiles.recipe import Recipe, remembered
from tiles.store import Store

log = logging.getLogger(__name__)


def found(id: str, store: Store, library: Library, access: Access) -> Levels:
    """The levels of a world that is opened, with their models. Other weights than before are noted in its
    journal. Raises ModelRefused for a model of other latents than the world has."""
    settings = store.settings()
    own = _own(id, settings, library, access)
    _require_space(id, own, store.spaces.own)
    if settings["digest"] != own.traits.digest and not access.readonly:
        # Other weights paint other land: what is painted stays, and the journal says since when.
        _note_change(id, store, settings["digest"], own)
        store.change_settings(digest=own.traits.digest)
    if settings.get("recipe") is None and own.recipe is not None and not access.readonly:
        store.change_settings(recipe=own.recipe.data())  # as it was painted until now
    kept = level_models(settings)
    if isinstance(own, Absent):  # nothing is painted, so no other model is read
        absent = {each.zoom: Absent(as_settings(each), own.why) for each in kept}
        return levels_of(settings, own, absent, {})
    others, missing = _others(id, kept, library)
    changed = _changed(kept, others)
    if changed != kept and not access.readonly:
        for before, now in zip(kept, changed):
            if before != now:
                _note_change(id, store, before.digest, others[now.zoom])
        store.change_settings(level_models=[each.data() for each in changed])
    return levels_of(settings, own, others, missing)


def rename(settings: dict[str, Any], names: Mapping[int, str]) -> None:
    """Say, by zoom, what the models of a packed world's deeper levels are called here. Raises BadSetting."""
    kept = {each.zoom: each for each in level_models(settings)}
    for zoom, name in names.items():
        if zoom not in kept:
            there = ", ".join(map(str, kept)) or "none"
            raise BadSetting(f"at zoom {zoom} of this world no other model begins; one does at: {there}")
        recipe = kept[zoom].recipe
        unbound = recipe and recipe.model_copy(update={"source": ""})  # in a folder of any name
        kept[zoom] = kept[zoom].model_copy(update={"model": whereabouts(name), "recipe": unbound})
    if names:
        settings["level_models"] = [each.data() for each in kept.values()]


def for_package(library: Library, settings: dict[str, Any], other_weights: bool) -> tuple[str, Recipe | None]:
    """The model here that has the weights a packed world was painted by, or else its name; and its recipe.

    Raises ModelRefused where it is not here, or only with other weights and ``other_weights`` are not
    welcome. The models of deeper levels may be missing, but have other weights no more than it.
    """
    kept = level_models(settings)
    others, _ = _others("a packed world", kept, library)
    for each in kept:
        if each.zoom in others:
            _require_weights(each.model, each.digest, others[each.zoom].traits.digest, other_weights)
    name, digest, recipe = settings["model"], settings["digest"], remembered(settings)
    unbound = recipe and recipe.model_copy(update={"source": ""})  # in a folder of any name
    with suppress(ModelRefused):
        if library.get(None, unbound).traits.digest == digest:
            return library.default, unbound
    try:
        here = library.get(name, recipe).traits.digest
    except ModelRefused:
        if not other_weights or recipe is None:
            raise
        model = library.get(name)  # another commit, without the adapters
        return name, model.recipe
    _require_weights(name, digest, here, other_weights)
    return name, recipe


def _own(id: str, settings: dict[str, Any], library: Library, access: Access) -> Model:
    """The world's model. Where it is not on this machine, something in its place: then the world can only
    be looked at."""
    try:
        return library.get(settings["model"], remembered(settings))
    except ModelRefused as error:
        log.warning("%s can only be looked at: %s", id, error)
        access.bar(f"needs its model: {error}", "world-needs-model")
        return Absent(settings, error)


def _others(
    id: str, kept: tuple[LevelModel, ...], library: Library
) -> tuple[dict[int, Model], dict[int, ModelRefused]]:
    """The models of a world's deeper levels, and why those that are not here are missing; by zoom."""
    others: dict[int, Model] = {}
    missing: dict[int, ModelRefused] = {}
    for each in kept:
        try:
            model = library.get(each.model, each.recipe)
        except ModelRefused as error:
            log.warning("%s is not painted from zoom %d on: %s", id, each.zoom, error)
            missing[each.zoom] = error
        else:
            _require_space(id, model, each.space)
            others[each.zoom] = model
    return others, missing


def _changed(kept: tuple[LevelModel, ...], others: dict[int, Model]) -> tuple[LevelModel, ...]:
    """The deeper levels with the weights that paint them from now on."""
    return tuple(
        each.model_copy(update={"digest": others[each.zoom].traits.digest}) if each.zoom in others else each
        for each in kept
    )


def _note_change(id: str, store: Store, before: str, model: Model) -> None:
    now = model.traits.digest
    log.warning("%s: painted by the weights %.12s, from now on by %.12s", id, before, now)
    store.append("model", {"digest": now})


def _require_weights(name: str, before: str, here: str, other_weights: bool) -> None:
    """Raises ModelRefused."""
    if here != before and not other_weights:
        raise ModelRefused(
            f"this world was painted by {name} with the weights {before[:12]}; here {name} has the"
            f" weights {here[:12]}, which paint other land. Ask for other weights to go on with those"
        )


def _require_space(id: str, model: Model, space: LatentSpace) -> None:
    """Raises ModelRefused for a model of other latents than a world has."""
    if (here := model.traits.space) != space:
        raise ModelRefused(f"world {id!r} has latents of {space}; {model.traits.name} paints {here}")
