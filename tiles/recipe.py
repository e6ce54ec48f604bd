"""What a world remembers of how its model paints, besides the weights: a recipe. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from tiles.errors import WorldDamaged
from tiles.values import is_digest, is_number, is_plain, whole

Dtype = Literal["float32", "float16", "bfloat16"]
SamplerName = Literal["euler", "ddim", "dpm++2m", "lcm"]
MOST_ADAPTERS, MOST_TOGETHER, MOST_WORDS = 16, 64, 200
SOURCE = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*@[0-9a-f]{7,64}")  # no path leads out of a folder by it
STRONGEST = 4.0  # weight of an adapter, either way
MOST_STEPS, MOST_SCALE = 999, 30.0


def _checked(fits: Callable[[Any], bool], words: str) -> BeforeValidator:
    def check(value: Any) -> Any:
        if not fits(value):
            raise ValueError(words)
        return value

    return BeforeValidator(check)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MOST_WORDS and is_plain(value)


def _is_source(value: Any) -> bool:
    return _is_text(value) and (not value or SOURCE.fullmatch(value) is not None)


Text = Annotated[str, _checked(_is_text, f"it must be up to {MOST_WORDS} plain characters")]
Source = Annotated[str, _checked(_is_source, "it must be owner/name@commit")]
Digest = Annotated[str, _checked(is_digest, "it must be hexadecimal digits")]
Weight = Annotated[
    float, _checked(lambda v: is_number(v, -STRONGEST, STRONGEST), f"it must be -{STRONGEST} to {STRONGEST}")
]
Scale = Annotated[float, _checked(lambda v: is_number(v, 0, MOST_SCALE), f"it must be 0 to {MOST_SCALE}")]
Steps = Annotated[int, _checked(lambda v: whole(v, 1, MOST_STEPS), f"it must be 1 to {MOST_STEPS}")]
Together = Annotated[int, _checked(lambda v: whole(v, 1, MOST_TOGETHER), f"it must be 1 to {MOST_TOGETHER}")]
Strength = Annotated[float, _checked(lambda v: is_number(v, 0, 1), "it must be 0 to 1")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AdapterNote(_Part):
    """A LoRA file that is merged into the model."""

    file: Text  # its name, wherever it lies
    digest: Digest  # of its bytes
    weight: Weight


UNSAID = "a picture of the kind that its ControlNet was trained with"  # where nobody says what it follows


class GuideNote(_Part):
    """A ControlNet beside the model."""

    name: Text
    digest: Digest  # of its files
    wants: Text  # what pictures it follows, in words


class Recipe(_Part):
    """How a world's model is used. Two worlds with the same recipe and the same weights are painted alike.

    >>> Recipe(source="", licence="mit", steps=25).sampler
    'dpm++2m'
    """

    source: Source  # the hub's model and commit, owner/name@commit; empty for a folder
    licence: Text
    adapters: tuple[AdapterNote, ...] = ()
    guide: GuideNote | None = None
    sampler: SamplerName = "dpm++2m"
    steps: Steps = 25
    guidance_scale: Scale = 4.0
    level_scale: Scale | None = None
    picture_scale: Scale = 1.5
    parent_strength: Strength = 0.6
    dtype: Dtype = "float32"
    batch: Together = 1  # windows painted together: sums of floats depend on it

    def data(self) -> dict[str, Any]:
        """As JSON for a world's settings."""
        return self.model_dump(mode="json")


def recipe_of(value: Any) -> Recipe:
    """The recipe in a world's settings. Raises ValueError in words for what is none."""
    try:
        recipe = Recipe.model_validate(value)
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(str(part) for part in wrong["loc"])
        raise ValueError(f"{where}: {wrong['msg'].removeprefix('Value error, ')}") from None
    if len(recipe.adapters) > MOST_ADAPTERS:
        raise ValueError(f"{len(recipe.adapters)} adapters; up to {MOST_ADAPTERS} are allowed")
    return recipe


def remembered(settings: Mapping[str, Any]) -> Recipe | None:
    """The recipe in a world's settings, if there is one. Raises WorldDamaged."""
    if (value := settings.get("recipe")) is None:
        return None
    try:
        return recipe_of(value)
    except ValueError as error:
        raise WorldDamaged(f"how the world's model paints cannot be read ({error})") from None


def is_recipe(value: Any) -> bool:
    """Whether a value is a recipe.

    >>> is_recipe({"source": "", "licence": "mit"}), is_recipe({"steps": 0})
    (True, False)
    """
    try:
        recipe_of(value)
    except ValueError:
        return False
    return True
