"""What one may write in a prompt: examples, and words that a world's model knows."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from fastapi import APIRouter, Request

from explorer.models.family import Model
from explorer.resources import asset
from explorer.worlds.world import World

router = APIRouter(tags=["worlds"])
NEAR = 15  # the first zoom at which houses and cars are seen
FIRST_NEAR = "agricultural"  # in the grammar, scenes as seen from an airplane begin here
EXAMPLES = 6
NAMES, KINDS = 2, 3  # of a scene: what it is called, and words that say of what kind it is


@router.get("/worlds/{id}/words")
def words(request: Request, id: str, zoom: int | None = None) -> dict[str, list[str]]:
    """Prompts to begin with, and ``things``, ``kinds`` and ``details`` to say of land, as seen at a zoom (the
    base if none is given). Words that the world's model does not know are left out."""
    world: World = request.app.state.atlas.get(id)
    seen = world.base_zoom if zoom is None else zoom
    grammar = _grammar()
    scenes = [name for name in grammar["scenes"] if (name in _near(grammar)) == (seen >= NEAR)]
    examples = sorted(_examples(), key=lambda row: abs(row["zoom"] - seen))
    listed = {
        "examples": [row["prompt"] for row in examples[:EXAMPLES]],
        "things": [word for name in scenes for word in grammar["scenes"][name][:NAMES]],
        "kinds": [word for name in scenes for word in grammar["words"][name][:KINDS]],
        "details": [options[0] for options in grammar["details"].values()] if seen < NEAR else [],
    }
    return {name: _known(world.model, dict.fromkeys(said)) for name, said in listed.items()}


def _known(model: Model, said: dict[str, None]) -> list[str]:
    return [text for text in said if not model.read_prompt(text).unknown]


def _near(grammar: dict[str, Any]) -> list[str]:
    names = list(grammar["scenes"])
    return names[names.index(FIRST_NEAR) :]


@cache
def _grammar() -> dict[str, Any]:
    """What captions were made of, in training."""
    grammar: dict[str, Any] = json.loads(asset("prompts", "grammar.json").read_text("utf-8"))
    return grammar


@cache
def _examples() -> list[dict[str, Any]]:
    examples: list[dict[str, Any]] = json.loads(asset("prompts", "examples.json").read_text("utf-8"))
    return examples
