"""What a command works with: the settings, the worlds, a painter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from explorer.cli.options import BadOptions
from explorer.settings import Settings
from explorer.terminal import aside

if TYPE_CHECKING:
    from explorer.models.diffusion.layout import Need
    from explorer.models.hub import Source
    from explorer.models.library import Library
    from explorer.service.executors import Executors
    from explorer.service.painter import Painter
    from explorer.worlds.atlas import Atlas
    from explorer.worlds.world import World

SECRET = ("password", "view_password")  # settings that are never shown


def settings_with(**options: Any) -> Settings:
    """The settings of the environment, overridden by the given options. Raises BadOptions."""
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        raise BadOptions("; ".join(_words(wrong, given) for wrong in error.errors())) from None


def _words(wrong: Any, given: dict[str, Any]) -> str:
    """One wrong setting: its name, its value, and what is wrong with it."""
    if not wrong["loc"]:  # of several settings together
        return str(wrong["msg"].removeprefix("Value error, "))
    name = str(wrong["loc"][0])
    where = f"--{name}" if name in given else f"EARTH_{name.upper()}"
    why = wrong["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if name in SECRET:
        return f"{where}: {why}"
    return f"{where} {str(wrong['input'])[:60]!r}: {why}"


def say_left_out(world: World, prompt: str) -> None:
    """What the world's model leaves out of a prompt, beside what the command prints."""
    cut, unknown = world.model.read_prompt(prompt)
    if unknown:
        aside.print(
            f"words that the model does not know: {', '.join(unknown)}", highlight=False, markup=False
        )
    if cut:
        aside.print(f"too long, not read by the model: {cut}", highlight=False, markup=False)


def fetched(model: str) -> None:
    """Fetch a model of a hub that is not here yet; what that means is said before. Raises ModelRefused,
    DiskFull."""
    from explorer.models import bundle

    if model in bundle.shipped() or Path(model).expanduser().is_dir():
        return
    from explorer.models import hub  # which takes a second to import
    from explorer.models.diffusion.layout import MODEL

    source = hub.parse(model)
    if source is not None:
        fetch_missing(source, MODEL)  # else whoever reads it says what is wrong


def extras_fetched(settings: Settings) -> None:
    """Fetch adapters and a ControlNet of a hub that are not here yet. Raises ModelRefused, DiskFull."""
    if not settings.adapters and not settings.controlnet:
        return
    from explorer.models.diffusion.sources import extras

    for extra in extras(settings.adapters, settings.controlnet):
        fetch_missing(extra.source, extra.need)


def fetch_missing(source: Source, need: Need) -> None:
    """Fetch something of a hub if it is not here yet. Raises ModelRefused, DiskFull."""
    from explorer.models import hub

    if hub.cached(source, need) is not None:
        return
    wanted = hub.plan(source, need)
    size = hub.gigabytes(wanted.size)
    aside.print(f"{wanted.source}: {size}, licence: {wanted.licence}", highlight=False, markup=False)
    hub.fetch(wanted)


def executors_for(settings: Settings, library: Library) -> Executors:
    """What paints. Raises BadSetting where that is a cluster that cannot be used."""
    if settings.executor == "ray":
        from explorer.service.cluster import joined  # nothing of Ray is read otherwise

        return joined(settings, library)
    from explorer.service.executors import LocalExecutors

    return LocalExecutors()


@contextmanager
def opened(settings: Settings) -> Iterator[tuple[Atlas, Painter]]:
    """Worlds and a painter for them, closed at the end. A model of a hub is fetched first. Raises BadSetting
    where a cluster is to paint that cannot be used."""
    from explorer.models.library import Library
    from explorer.service.painter import Painter
    from explorer.worlds.atlas import Atlas

    fetched(settings.model)
    extras_fetched(settings)
    library = Library(settings.model, settings.device, settings.model_options)
    executors = executors_for(settings, library)
    atlas = Atlas(settings.worlds, library, settings.cache_bytes, decode=executors.decode)
    painter = Painter(settings.queue_tiles, executors)
    try:
        yield atlas, painter
    finally:
        painter.close()
        atlas.close()
