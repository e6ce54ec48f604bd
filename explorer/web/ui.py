"""The panel beside the map: Gradio's page."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before the import: nothing leaves the machine

import gradio as gr
from fastapi import FastAPI

from explorer.models.family import Traits
from explorer.resources import asset
from explorer.service.painter import Painter
from explorer.web import assets, forms, tools
from explorer.web.handlers import Handlers, scales
from explorer.web.phrases import language_of, mark, phrase
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import beginnings

EXAMPLES = asset("prompts", "examples.json")


def mount(app: FastAPI) -> FastAPI:
    """Gradio's page at ``/`` of ``app``."""
    fonts = ["system-ui", "sans-serif"]
    theme = gr.themes.Base(
        primary_hue="teal", neutral_hue="stone", font=fonts, font_mono=["ui-monospace", "monospace"]
    )
    blocks = build(app.state.atlas, app.state.painter, app.state.settings.edit_tiles)
    with blocks:
        tools.add(app.state)
    return gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        theme=theme,
        css_paths=[assets.FOLDER / "page" / "page.css"],
        ssr_mode=False,
        footer_links=[],
        run_history=False,  # with it, anybody could have this machine write to another host
        mcp_server=True,
    )


@dataclass
class Controls:
    """Gradio's own controls of the panel: what is about the world on the map."""

    chosen: gr.Textbox
    prompt: gr.Textbox
    change: gr.Button
    remove: gr.Button
    confirmation: gr.Column
    question: gr.Textbox
    really: gr.Button
    keep: gr.Button


def build(atlas: Atlas, painter: Painter, edit_tiles: int) -> gr.Blocks:
    """The controls beside the map; an edit may have ``edit_tiles`` tiles."""
    traits = atlas.library.get().traits
    handlers = Handlers(atlas, painter)
    with gr.Blocks(title="Endless Earth", fill_height=True, fill_width=True) as blocks:
        with gr.Row(elem_id="earth", equal_height=True), gr.Column(elem_id="panel", scale=0, min_width=256):
            html(forms.head(), "head")
            with part("place-explore"):
                html(forms.views("tab.explore"))
                with part("view-world"):
                    html(forms.WELCOME + forms.GO + forms.ABOUT + forms.LEVELS)
                    remove, confirmation, question, really, keep = removing()
                html(forms.GALLERY, "view-gallery")
                with part("view-new"):
                    create, made = new_world(handlers, traits, atlas.library.names())
            with part("place-shape"):
                html(forms.views("tab.shape"))
                html(forms.edit(edit_tiles), "view-edit")
                with part("view-plan"):
                    prompt, change = new_land()
                    html(forms.BRUSH + forms.BLUEPRINT)
                html(forms.PICTURE, "view-picture")
            html(forms.HISTORY, "place-history")
            with part("place-home"):
                html(forms.views("tab.home"))
                html(forms.export(), "view-export")
                html(forms.SHARE, "view-share")
                html(forms.LIVE, "view-live")
            html(forms.DOCK, "dock")
        chosen = gr.Textbox(visible=False)
        controls = Controls(chosen, prompt, change, remove, confirmation, question, really, keep)
        wire(blocks, handlers, controls, create, made)
    return blocks


def html(form: str, id: str | None = None) -> gr.HTML:
    """A form of our own, as a part of the panel if it has an ``id``."""
    return gr.HTML(form, elem_id=id, padding=False)


def part(id: str) -> gr.Column:
    """A part of the panel that a tab shows."""
    return gr.Column(elem_id=id)


def new_land() -> tuple[gr.Textbox, gr.Button]:
    """The prompt of the world on the map."""
    prompt = gr.Textbox(label=mark("new-land.prompt"), lines=2, elem_id="prompt")
    return prompt, gr.Button(mark("new-land.go"), size="sm", elem_id="change")


def removing() -> tuple[gr.Button, gr.Column, gr.Textbox, gr.Button, gr.Button]:
    """The end of the world on the map: asked, and asked again."""
    remove = gr.Button(mark("delete"), size="sm", elem_id="delete")
    with gr.Column(visible=False, elem_id="confirmation") as confirmation:
        # Plain text: names of worlds are words that people wrote.
        question = gr.Textbox(
            label=mark("delete.title"),
            show_label=False,
            interactive=False,
            lines=3,
            container=False,
            elem_id="question",
        )
        with gr.Row():
            really = gr.Button(mark("delete.really"), size="sm", variant="stop", elem_id="really")
            keep = gr.Button(mark("cancel"), size="sm", elem_id="keep")
    return remove, confirmation, question, really, keep


def new_world(handlers: Handlers, traits: Traits, models: list[str]) -> tuple[gr.Button, list[Any]]:
    """Name, prompt with examples, seed with a dice, ground resolution, and the model where there are several.
    An example sets the resolution too: houses cannot be seen from where one sees countries."""
    rows = [row for row in json.loads(EXAMPLES.read_text()) if row["zoom"] in traits.zooms]
    listed = [(mark(f"example.{row['id']}"), row["id"]) for row in rows]
    example = gr.Dropdown(listed, label=mark("new.example"), value=None, elem_id="example")
    name = gr.Textbox(label=mark("new.name"), elem_id="new-name")
    prompt = gr.Textbox(label=mark("prompt"), lines=2, elem_id="new-prompt")
    with gr.Row():
        # Text: a browser rounds large numbers.
        seed = gr.Textbox(label=mark("seed"), placeholder=mark("seed.random"), elem_id="new-seed", scale=3)
        dice = gr.Button(mark("new.dice"), size="sm", elem_id="dice", scale=0, min_width=96)
    zoom = gr.Dropdown(
        scales(beginnings(traits.zooms)),
        value=traits.base_zoom,
        label=mark("new.zoom"),
        elem_id="new-zoom",
        filterable=False,
    )
    painted_by = gr.Dropdown(
        models,
        value=models[0],
        label=mark("new.model"),
        visible=len(models) > 1,
        elem_id="new-model",
        filterable=False,
    )
    html(forms.SKETCH)
    create = gr.Button(mark("new.go"), variant="primary", elem_id="create")
    html(forms.UNPACK)
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

    def begin(chosen: str, by: str, request: gr.Request) -> tuple[Any, Any, Any]:
        """The example's name, prompt and zoom, in their fields; the zoom where the chosen model knows it."""
        row = next((row for row in rows if row["id"] == chosen), None)
        if row is None:
            return gr.skip(), gr.skip(), gr.skip()
        seen = handlers.zooms_of(by, row["zoom"], request)
        return phrase(language_of(request), f"example.{chosen}"), row["prompt"], seen

    example.input(begin, [example, painted_by], [name, prompt, zoom], **quiet)
    dice.click(fn=None, outputs=seed, js="() => String(Math.floor(Math.random() * 2 ** 31))")
    # As it comes: the zoom may be one that the model chosen just before does not know.
    painted_by.input(handlers.zooms_of, [painted_by, zoom], zoom, preprocess=False, **quiet)
    wishes: list[Any] = [prompt, seed, zoom, painted_by]
    for field in wishes:
        field.change(fn=None, inputs=wishes, js=called("wished", "prompt", "seed", "zoom", "model"))
    return create, [name, prompt, seed, zoom, painted_by]


def called(name: str, *arguments: str) -> str:
    """Script that calls a function of the page's module, once the module is there. Only the page knows where
    its modules lie: Gradio may ask a newer app for this."""
    listed = ", ".join(arguments)
    main = 'new URL("main.js", document.getElementById("opening").src).href'
    return f"async ({listed}) => (await import({main})).{name}({listed})"


def wire(
    blocks: gr.Blocks, handlers: Handlers, controls: Controls, create: gr.Button, made: list[Any]
) -> None:
    """What happens when. Which world is on the map only the page knows: it says so each time."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    shown: Any = [controls.chosen, controls.prompt, controls.confirmation]
    world, doomed = gr.Textbox(visible=False), gr.Textbox(visible=False)
    writing = gr.Checkbox(visible=False)
    # The page presses it when another world comes on the map, and when the journal has changed the prompt.
    follow = gr.Button(visible="hidden", elem_id="follow")
    opens: dict[str, Any] = {"fn": None, "inputs": controls.chosen, "js": called("open", "id")}

    blocks.load(handlers.show, world, shown, js=called("asked"), **quiet).then(
        fn=None, inputs=controls.chosen, js=called("first", "id")
    )
    # Pressed again while it works, it works once more after that: people go through worlds quickly.
    follow.click(
        handlers.show, [world, writing], shown, js=called("current"), trigger_mode="always_last", **quiet
    ).then(fn=None, inputs=controls.chosen, js=called("agree", "id"))
    controls.change.click(
        handlers.set_prompt, [world, controls.prompt], None, js=called("onMap", "id", "prompt"), **quiet
    )
    create.click(handlers.create, made, shown, **quiet).success(
        fn=None, inputs=controls.chosen, js=called("made", "id")
    )
    asking = [controls.confirmation, controls.question, doomed]
    controls.remove.click(handlers.ask_to_delete, world, asking, js=called("onMap", "id"), **quiet)
    controls.keep.click(lambda: gr.update(visible=False), None, controls.confirmation, **quiet)
    controls.really.click(handlers.delete, doomed, shown, **quiet).success(**opens)
