"""What the page's controls do with worlds. The page says which world is on its map; nothing else counts."""

from __future__ import annotations

from typing import Any, NamedTuple

import gradio as gr

from explorer.service import scouting
from explorer.service.edits import tell
from explorer.service.painter import Painter
from explorer.service.removal import remove
from explorer.web.calls import guarded
from explorer.web.permits import making, owner, require_change, visitor_of
from explorer.web.phrases import filled, language_of, mark, phrase
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NEW_SEEDS, NewWorld, beginnings, clean_prompt
from explorer.worlds.world import World
from tiles.errors import BadSetting
from tiles.grid import metres_per_pixel

SEEN = (2, 5, 6, 7, 8, 9, 10, 12, 14, 16, 17, 18, 19)  # first zooms of what one sees


class Shown(NamedTuple):
    """The world that is on the map, as updates of its id, its prompt and the confirmation."""

    chosen: str
    prompt: Any
    confirmation: Any


class Handlers:
    """Each method is one of Gradio's event handlers; its failures are words for people."""

    def __init__(self, atlas: Atlas, painter: Painter) -> None:
        self.atlas, self.painter = atlas, painter

    def show(self, id: str, request: gr.Request, writing: bool = False) -> Shown:
        """``id``, or the first world if there is none of that id: of a visitor's own, the first of those.
        ``writing``: the prompt's field is kept."""
        ids, visitor = [world.id for world in self.atlas.summaries()], visitor_of(request)
        if visitor is not None and id not in ids:
            ids = visitor.worlds() or [each for each in ids if not self.atlas.owner(each)]
        chosen = id if id in ids else next(iter(ids), "")
        language = language_of(request)
        prompt = guarded(lambda: self.atlas.get(chosen).journal.prompt, language) if chosen else ""
        return Shown(
            chosen,
            gr.skip() if writing else prompt,
            gr.update(visible=False),
        )

    def create(
        self, name: str, prompt: str, seed: str, zoom: int, painted_by: str, request: gr.Request
    ) -> Shown:
        """Make a world and show it. Without a seed one is drawn. ``painted_by``: a model's name."""

        def work() -> World:
            library = self.atlas.library
            new = NewWorld(name, prompt, seed_of(seed), library.named(painted_by), base_zoom=zoom)
            model = library.get(new.model)
            with making(request, scouting.windows_for_home(new, model)):
                return self.atlas.create(scouting.with_home(new, model, self.painter.sample), owner(request))

        made = guarded(work, language_of(request))
        if not made.journal.prompt:
            gr.Info(phrase(language_of(request), "new.no-prompt"))
        return self.show(made.id, request)

    def zooms_of(self, painted_by: str, zoom: int, request: gr.Request) -> Any:
        """The zooms where a world of this model may begin. What was chosen stays, if it is among them."""
        library, language = self.atlas.library, language_of(request)
        traits = guarded(lambda: library.get(library.named(painted_by)).traits, language)
        zooms = beginnings(traits.zooms)
        choices = [(filled(words, language), each) for words, each in scales(zooms)]
        return gr.update(choices=choices, value=zoom if zoom in zooms else traits.base_zoom)

    def set_prompt(self, id: str, prompt: str, request: gr.Request) -> None:
        """The prompt of land painted from now on."""

        def work() -> None:
            require_change(request, id)
            world = self.atlas.get(id)
            world.journal.set_prompt(clean_prompt(prompt))
            tell(self.painter, world)

        guarded(work, language_of(request))
        if prompt.strip():
            gr.Info(phrase(language_of(request), "new-land.changed"))
        else:
            gr.Info(phrase(language_of(request), "new-land.empty"))

    def ask_to_delete(self, id: str, request: gr.Request) -> tuple[Any, str, str]:
        """The confirmation, what it says, and the world that it is about."""
        world = guarded(lambda: self.atlas.get(id), language_of(request))
        tiles = f"{world.counts()['cells']:,}"
        question = phrase(language_of(request), "delete.question", name=world.name, tiles=tiles)
        return gr.update(visible=True), question, id

    def delete(self, id: str, request: gr.Request) -> Shown:
        """Delete the world that the confirmation named, and show another."""

        def work() -> None:
            require_change(request, id)
            remove(self.atlas, self.painter, id)

        guarded(work, language_of(request))
        return self.show("", request)


def seed_of(text: str) -> int | None:
    """A seed that was typed; None: one is to be drawn. Raises BadSetting."""
    typed = (text or "").strip()
    if typed and not (typed.isascii() and typed.isdecimal() and len(typed) <= 19):
        words = f"the seed {typed[:40]!r} is not a whole number; leave it empty for a random one"
        raise BadSetting(words, "seed", typed=typed[:40], most=str(NEW_SEEDS - 1))
    return int(typed) if typed else None


def scales(zooms: tuple[int, ...]) -> list[tuple[str, int]]:
    """Zooms as a list of choices, the finest first: what one sees, and metres per pixel."""
    return [(_scale(zoom), zoom) for zoom in reversed(zooms)]


def _scale(zoom: int) -> str:
    seen = max(each for each in SEEN if each <= max(zoom, min(SEEN)))
    return mark(f"new.zoom.{seen}", metres=str(metres_per_pixel(zoom)), zoom=str(zoom))
