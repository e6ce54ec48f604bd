"""The map: a folium page whose tiles come over the feed."""

from __future__ import annotations

import re

import folium
from branca.element import Figure
from jinja2 import Template

from explorer.web import assets, firstview
from explorer.web.modules import preloads
from explorer.web.phrases import in_page, script
from explorer.worlds.world import World
from tiles.grid import EARTH, MAX_ZOOM

ROOT, MODULE = "../../", "map/main.js"  # from a world's map to the app's own address; the map's script
ENLARGEMENTS = 2  # zooms shown below the deepest level


# What folium's page says to browsers: that people must not enlarge it.
FORBIDS_ZOOM = re.compile(r",\s*maximum-scale=1.0,\s*user-scalable=no")


class PlaneMap(folium.Map):
    """A folium map of the endless plane, with nothing loaded from other hosts."""

    def __init__(self, earth: str, leaflet: str, **options: object) -> None:
        """``earth``, ``leaflet``: where our files and Leaflet's are."""
        super().__init__(**options)
        self.default_js = [("leaflet", f"{leaflet}/leaflet.js")]
        self.default_css = [("leaflet_css", f"{leaflet}/leaflet.css"), ("earth_css", f"{earth}/map/map.css")]


class ModulePage(Figure):
    """folium's page, whose script is a module: it starts once what it imports is there. Leaflet, the largest
    of the files, comes first: a browser asks in the order of the page."""

    _template = Template(
        """<!DOCTYPE html>
<html lang="{{ this.language }}">
<head><title>{{ this.title|e }}</title>{{ this.header.render(**kwargs) }}{{ this.preloads }}</head>
<body><main><h1 class="unseen">{{ this.title|e }}</h1>{{ this.html.render(**kwargs) }}</main></body>
{{ this.phrases }}
<script type="module">
import { open } from "{{ this.base }}/{{ this.module }}";
{{ this.script.render(**kwargs) }}
</script>
</html>
"""
    )

    def __init__(self, title: str, language: str, earth: str, tiles: str) -> None:
        """``tiles``: elements that ask for tiles early."""
        super().__init__(title=title)
        self.language, self.phrases = language, script(language)
        self.base, self.module, self.preloads = earth, MODULE, preloads(MODULE, earth) + tiles


class Land(folium.MacroElement):
    """The layer that asks the feed for tiles; its settings go into the page as JSON."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "open({{ this._parent.get_name() }}, {{ this.settings }});"
        "{% endmacro %}"
    )

    def __init__(self, settings: dict[str, object]) -> None:
        super().__init__()
        self._name = "Land"
        self.settings = in_page(settings)


def page(world: World, language: str, view: str = "") -> str:
    """The whole page of a world's map, in a language of the catalogues; ``view`` will be seen first."""
    base = world.base_zoom
    deepest = world.pyramid.deepest
    lowest, highest = 0, min(MAX_ZOOM, deepest + ENLARGEMENTS)
    shown = firstview.seen(world, firstview.tiles(world, view))
    earth, leaflet = ROOT + assets.EARTH.base(), ROOT + assets.LEAFLET.base()
    plane = PlaneMap(
        earth,
        leaflet,
        location=[world.home[1], world.home[0]],
        crs="Plane",
        tiles=None,
        zoom_start=base,
        min_zoom=lowest,
        max_zoom=highest,
        zoom_control=False,
        attribution_control=False,
        world_copy_jump=False,
    )
    plane.add_to(ModulePage(world.name, language, earth, firstview.preloads(world, shown, ROOT)))
    Land(
        {
            "world": world.id,
            "stamp": world.stamp,
            "base": base,
            "sketch": world.pyramid.sketch,
            "deepest": deepest,
            "zooms": world.learned,
            "nearest": world.nearest,
            "models": [[zoom, model.traits.name] for zoom, model in sorted(world.others.items())],
            "lowest": lowest,
            "highest": highest,
            "home": list(world.home),
            "earth": EARTH,
            "known": [[*tile, revision] for tile, revision in shown],
        }
    ).add_to(plane)
    html: str = plane.get_root().render()
    return FORBIDS_ZOOM.sub("", html)  # who needs it larger may enlarge it
