"""The page: Gradio around the map."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before the import: nothing leaves the machine

import gradio as gr
from fastapi import FastAPI

from explorer.models.family import Traits
from explorer.service.edits import tell
from explorer.service.painter import Painter
from explorer.web import assets, forms, tools
from explorer.web.tools import guarded
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld, clean_prompt
from tiles.entries import SEED_LIMIT
from tiles.grid import metres_words

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "assets" / "prompts" / "examples.json"
SCALES = {
    5: "continents", 6: "countries", 7: "regions", 8: "landscapes", 9: "landscapes", 10: "counties",
    12: "towns", 14: "districts", 16: "neighbourhoods", 17: "streets", 18: "houses", 19: "gardens",
}  # fmt: skip
MAIN = "/static/earth/page/main.js"
# No template: the map's frame is the only thing inside, and words never pass through here.
FRAME = '<iframe id="earth-map" title="Map" src="about:blank"></iframe>'


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
        head=f'<script type="module" src="{MAIN}"></script><link rel="icon" href="/static/earth/icon.svg">',
        ssr_mode=False,
        footer_links=[],
        run_history=False,  # with it, anybody could have this machine write to another host
        mcp_server=True,
    )


def build(atlas: Atlas, painter: Painter, edit_tiles: int) -> gr.Blocks:
    """The controls beside the map; an edit may have ``edit_tiles`` tiles."""
    traits = atlas.library.get().traits
    with gr.Blocks(title="Endless Earth", fill_height=True, fill_width=True) as blocks:
        with gr.Row(elem_id="earth", equal_height=True):
            with gr.Column(elem_id="panel", scale=0, min_width=300):
                gr.HTML(
                    '<h1>Endless Earth</h1><p id="tagline">Land that does not exist.</p>', elem_id="title"
                )
                picker = gr.Dropdown(choices(atlas), label="World", elem_id="picker", filterable=False)
                status = gr.HTML('<div id="status" role="status"></div>')
                gr.HTML(forms.STEPS, padding=False)
                with gr.Accordion("This world", open=True, elem_id="part-world"):
                    prompt = gr.Textbox(
                        label="Prompt for new land", lines=2, max_length=500, elem_id="prompt"
                    )
                    with gr.Row():
                        change = gr.Button("Change prompt", size="sm", elem_id="change")
                        remove = gr.Button("Delete", size="sm", variant="stop", elem_id="delete")
                    with gr.Row(visible=False) as sure:
                        really = gr.Button("Delete for good", size="sm", variant="stop", elem_id="really")
                        keep = gr.Button("Cancel", size="sm", elem_id="keep")
                with gr.Accordion("Edit", open=False, elem_id="part-edit"):
                    gr.HTML(forms.edit(edit_tiles), padding=False)
                with gr.Accordion("Plan land ahead (brush)", open=False, elem_id="part-brush"):
                    gr.HTML(forms.BRUSH, padding=False)
                with gr.Accordion("Your own picture", open=False, elem_id="part-picture"):
                    gr.HTML(forms.PICTURE, padding=False)
                with gr.Accordion("History", open=False, elem_id="part-history"):
                    gr.HTML(forms.HISTORY, padding=False)
                with gr.Accordion("New world", open=False, elem_id="new"):
                    form = new_world_form(traits)
                with gr.Accordion("Export", open=False, elem_id="home"):
                    gr.HTML(forms.export(), padding=False)
                gr.HTML(
                    '<div id="links"><button id="theme" type="button">Light or dark</button>'
                    '<a href="/docs" target="_blank">API</a></div>'
                )
            gr.HTML(FRAME, elem_id="hero", padding=False)
            # The page presses it when the journal has changed the prompt, as undo does.
            follow = gr.Button(visible="hidden", elem_id="follow")
        wire(blocks, atlas, painter, picker, prompt, (change, follow), (remove, sure, really, keep), form)
        _ = status
    return blocks


def new_world_form(traits: Traits) -> dict[str, Any]:
    """Name, prompt with examples, seed with a dice, ground resolution. An example sets the resolution
    too: houses cannot be seen from where one sees countries."""
    name = gr.Textbox(label="Name", max_length=80, elem_id="new-name")
    prompt = gr.Textbox(label="Prompt", lines=2, max_length=500, elem_id="new-prompt")
    zoom = gr.Dropdown(
        [(scale_words(z), z) for z in reversed(traits.zooms)],
        value=traits.base_zoom,
        label="Ground resolution, per pixel",
        elem_id="new-zoom",
        filterable=False,
        render=False,
    )
    rows = [row for row in json.loads(EXAMPLES.read_text()) if row["zoom"] in traits.zooms]
    gr.Examples(
        [[row["name"], row["prompt"], row["zoom"]] for row in rows],
        [name, prompt, zoom],
        examples_per_page=6,
        label="Examples",
        elem_id="examples",
    )
    with gr.Row():
        seed = gr.Number(label="Seed", precision=0, minimum=0, value=1, elem_id="new-seed", scale=3)
        dice = gr.Button("⚄", size="sm", elem_id="dice", scale=0, min_width=48)
    zoom.render()
    create = gr.Button("Create world", variant="primary", elem_id="create")
    gr.HTML(
        '<label id="unpack">or open a world file <input type="file" accept=".earth"></label>'
        '<p id="unpack-said" role="status"></p>',
        padding=False,
    )
    dice.click(fn=None, outputs=seed, js="() => Math.floor(Math.random() * 2 ** 31)")
    return {"name": name, "prompt": prompt, "seed": seed, "zoom": zoom, "create": create}


def scale_words(zoom: int) -> str:
    """A zoom as what one sees and metres per pixel."""
    words = SCALES[max(z for z in SCALES if z <= max(zoom, min(SCALES)))]
    return f"{words}, {metres_words(zoom)} (zoom {zoom})"


def choices(atlas: Atlas) -> list[tuple[str, str]]:
    return [(world.name, world.id) for world in atlas.worlds()]


def called(name: str) -> str:
    """A call of the page's module with the world's id, once the module is there."""
    return f'async (id) => {{ (await import("{MAIN}")).{name}(id); }}'


def wire(
    blocks: gr.Blocks,
    atlas: Atlas,
    painter: Painter,
    picker: gr.Dropdown,
    prompt: gr.Textbox,
    changing: tuple[gr.Button, gr.Button],
    deleting: tuple[gr.Button, gr.Row, gr.Button, gr.Button],
    form: dict[str, Any],
) -> None:
    """What happens when."""
    open_map, first_map = called("open"), called("first")

    def start(asked: str) -> tuple[Any, str]:
        worlds = choices(atlas)
        ids = [id for _, id in worlds]
        chosen = asked if asked in ids else (ids[0] if ids else None)
        return gr.update(choices=worlds, value=chosen), shown(chosen)

    def shown(id: str | None) -> str:
        return guarded(lambda: atlas.get(id).journal.prompt) if id else ""

    def set_prompt(id: str, text: str) -> None:
        world = guarded(lambda: atlas.get(id))
        guarded(lambda: world.journal.set_prompt(clean_prompt(text)))
        tell(painter, world)
        gr.Info("New land follows the new prompt from now on.")

    def create(name: str, text: str, seed: float | None, zoom: int) -> tuple[Any, str]:
        number = None if seed is None else int(min(max(seed, -1), SEED_LIMIT))
        world = guarded(lambda: atlas.create(NewWorld(name, text, number, base_zoom=zoom)))
        return gr.update(choices=choices(atlas), value=world.id), world.journal.prompt

    def delete(id: str) -> tuple[Any, str, Any]:
        guarded(lambda: painter.forget(atlas.get(id)))
        guarded(lambda: atlas.delete(id))
        worlds = choices(atlas)
        first = worlds[0][1] if worlds else None
        return gr.update(choices=worlds, value=first), shown(first), gr.update(visible=False)

    change, follow = changing
    remove, sure, really, keep = deleting
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    # The world that the address bar names; the server never sees what stands behind its hash.
    linked = gr.Textbox(visible=False)
    named = "() => location.hash.slice(1).split('/')[0]"
    blocks.load(start, linked, [picker, prompt], js=named, **quiet).then(fn=None, inputs=picker, js=first_map)
    picker.input(shown, picker, prompt, **quiet).then(fn=None, inputs=picker, js=open_map)
    change.click(set_prompt, [picker, prompt], None, **quiet)
    follow.click(shown, picker, prompt, **quiet)
    made = [form[part] for part in ("name", "prompt", "seed", "zoom")]
    form["create"].click(create, made, [picker, prompt], **quiet).success(fn=None, inputs=picker, js=open_map)
    remove.click(lambda: gr.update(visible=True), None, sure, **quiet)
    keep.click(lambda: gr.update(visible=False), None, sure, **quiet)
    really.click(delete, picker, [picker, prompt, sure], **quiet).success(fn=None, inputs=picker, js=open_map)
