"""The panel's forms in HTML. assets/web/page/ fills them in; what people write goes there as text.
Words are marks, which the page's language fills in (explorer/web/phrases)."""

from __future__ import annotations

from typing import NamedTuple

from tiles.mosaic.formats import FORMATS


class Tab(NamedTuple):
    """A tab, and the part of the panel that it shows (its element's id)."""

    shows: str
    says: str  # a key of the catalogue


PLACES = (
    Tab("place-explore", "tab.explore"),
    Tab("place-shape", "tab.shape"),
    Tab("place-history", "tab.history"),
    Tab("place-home", "tab.home"),
)
VIEWS = {
    "tab.explore": (
        Tab("view-world", "tab.world"),
        Tab("view-gallery", "tab.gallery"),
        Tab("view-new", "tab.new"),
    ),
    "tab.shape": (
        Tab("view-edit", "tab.edit"),
        Tab("view-plan", "tab.plan"),
        Tab("view-picture", "tab.picture"),
    ),
    "tab.home": (
        Tab("view-export", "tab.export"),
        Tab("view-share", "tab.share"),
        Tab("view-live", "tab.live"),
    ),
}


def tabs(name: str, listed: tuple[Tab, ...], kind: str) -> str:
    """A list of tabs of that ``kind``; the first one is chosen."""
    made = "".join(
        f'<button type="button" role="tab" id="tab-{tab.shows}" aria-controls="{tab.shows}" '
        f'aria-selected="{"false" if place else "true"}" tabindex="{-1 if place else 0}">'
        f"@@{tab.says}@@</button>"
        for place, tab in enumerate(listed)
    )
    return f'<div class="{kind}" role="tablist" aria-label="@@{name}@@">{made}</div>'


def views(place: str) -> str:
    """The tabs within one place."""
    return tabs(place, VIEWS[place], "views")


def head() -> str:
    """The sheet's handle (on a phone), the name, and the four places."""
    return f"""<button id="handle" type="button" aria-expanded="false" aria-controls="panel">@@panel.show@@\
</button>
<div id="title"><h1>Endless Earth</h1>
<button id="theme" class="icon" type="button" title="@@head.theme@@" aria-label="@@head.theme@@">◐</button>
<button id="help" class="icon" type="button" title="@@head.help@@" aria-label="@@head.help@@">?</button>
<button id="fold" class="icon" type="button" title="@@panel.hide@@" aria-label="@@panel.hide@@">«</button>
</div>{tabs("tab.places", PLACES, "places")}"""


WELCOME = """<p id="tagline">@@tagline@@</p>
<p id="notice" role="alert"></p>
<p id="visitor" class="hint"></p>
<div class="own"><label>@@world@@<select id="world"></select></label></div>"""
GO = """<div id="go" class="own"><form id="go-form"><label>@@go.find@@<span class="row2">\
<input id="go-to" type="text" autocomplete="off" list="go-marks" placeholder="@@go.example@@">\
<button class="second small" type="submit">@@go.go@@</button></span></label></form>
<datalist id="go-marks"></datalist>
<p id="go-said" role="status"></p>
<ul id="found" aria-label="@@go.found@@"></ul>
<div class="row2"><button id="mark" class="second" type="button">@@go.bookmark@@</button>
<button id="copy-link" class="second" type="button">@@copy.link@@</button></div>
<ul id="marks" aria-label="@@go.bookmarks@@"></ul></div>"""
ABOUT = """<details id="about" class="own"><summary>@@about.title@@</summary>\
<dl id="about-list"></dl></details>"""
LEVELS = """<details id="levels" class="own"><summary>@@levels.title@@</summary>\
<p class="hint">@@levels.hint@@</p>
<button id="levels-go" class="second" type="button">@@levels.go@@</button>
<div id="levels-job"></div><p id="levels-said" role="status"></p><ol id="levels-list"></ol></details>"""
GALLERY = """<div id="gallery" class="own"><p class="hint">@@gallery.hint@@</p>
<ul id="gallery-list"></ul><p id="gallery-said" role="status"></p></div>"""
UNPACK = """<div class="own"><label id="unpack">@@unpack@@\
<input type="file" accept=".earth"></label>
<p id="unpack-said" role="status"></p></div>"""
BLUEPRINT = """<details id="blueprint" class="own"><summary>@@blueprint.title@@</summary>
<p class="hint">@@blueprint.hint@@</p>
<label>@@blueprint.file@@<input id="blueprint-file" type="file" \
accept=".png,.webp,.gif,.geojson,.json"></label>
<div id="blueprint-keys"></div>
<p id="blueprint-said" role="status"></p>
<div id="blueprint-rest" hidden>
<label>@@blueprint.softness@@<input id="blueprint-softness" type="range" min="0" max="5" value="2"></label>
<div class="row2"><button id="blueprint-go" type="button" disabled>@@blueprint.go@@</button>
<button id="blueprint-no" class="second" type="button">@@cancel@@</button></div></div></details>"""
SKETCH = """<div id="sketch" class="own"><img id="sketch-picture" alt="@@sketch.alt@@" \
width="256" height="256" hidden>
<p id="sketch-said" class="hint" role="status"></p></div>"""
HISTORY = """<div id="history" class="own"><p id="history-none" class="hint">@@history.none@@</p>\
<ol id="history-list"></ol></div>"""


def chips(prompt: str) -> str:
    """Words to be clicked into the field ``prompt``; assets/web/page/chips.js fills them in."""
    return f'<details class="chips" data-into="{prompt}"><summary>@@chips@@</summary><div></div></details>'


BRUSH = f"""<div id="brush" class="own"><h2>@@brush@@</h2>
<div class="choices" role="radiogroup" aria-label="@@brush.for@@">\
<label><input type="radio" name="brush-land" value="new" checked>@@brush.land.new@@</label>\
<label><input type="radio" name="brush-land" value="painted">@@brush.land.painted@@</label>\
<label><input type="radio" name="brush-land" value="both">@@brush.land.both@@</label></div>
<p id="brush-hint" class="hint"></p>
<label>@@prompt@@<textarea id="brush-prompt" rows="2" placeholder="@@brush.example@@"></textarea></label>
{chips("brush-prompt")}
<label><span>@@brush.radius@@ <output></output></span>\
<input id="brush-radius" type="range" min="0" value="1"></label>
<label><span>@@brush.softness@@ <output></output></span>\
<input id="brush-softness" type="range" min="0" value="1"></label>
<button id="brush-toggle" type="button" aria-pressed="false">@@brush.start@@</button>
<label class="tick"><input id="brush-regions" type="checkbox">@@brush.regions@@</label>
<div id="brush-said" role="status"></div>
</div>"""
PICTURE = """<div id="picture" class="own">
<label>@@picture.file@@<input id="picture-file" type="file" \
accept=".tif,.tiff,.png,.jpg,.jpeg,.webp"></label>
<label>@@picture.as@@<select id="picture-as"><option value="land">@@picture.as.land@@</option>\
<option value="guide">@@picture.as.guide@@</option>\
<option value="edges">@@picture.as.edges@@</option></select></label>
<p id="picture-follows" class="hint"></p>
<p id="picture-spot" class="hint"></p>
<label>@@zoom@@<select id="picture-zoom"></select></label>
<label><span>@@picture.keep@@ <output></output></span>\
<input id="picture-strength" type="range" min="0.1" max="1" step="0.05" value="1"></label>
<label id="picture-shows">@@picture.prompt@@<input id="picture-prompt" type="text"></label>
<button id="picture-go" type="button" disabled>@@picture.go@@</button>
<progress id="picture-sent" max="1" value="0" aria-label="@@picture.sent@@" hidden></progress>
<p id="picture-said" role="status"></p>
<button id="picture-repaint" class="second" type="button" hidden></button>
</div>"""
SHARE = """<div id="share" class="own">
<h2>@@share.world@@</h2>
<p class="hint">@@share.world.hint@@</p>
<button id="share-world" type="button">@@share.world.go@@</button>
<p id="share-said" role="status"></p>
<h2>@@share.place@@</h2>
<p class="hint">@@share.place.hint@@</p>
<button id="share-link" class="second" type="button">@@copy.link@@</button>
<h2>@@share.postcard@@</h2>
<p class="hint">@@share.postcard.hint@@</p>
<button id="share-postcard" class="second" type="button">@@share.postcard.go@@</button>
<h2>@@share.file@@</h2>
<p class="hint">@@share.file.hint@@</p>
<div class="links"><a id="share-package" download>@@share.package@@</a>
<a id="share-land" download>@@share.land@@</a></div>
</div>"""
LIVE = """<div id="live" class="own">
<p class="hint">@@live.hint@@</p>
<label>@@live.xyz@@<span class="row2"><input id="live-xyz" type="text" readonly>\
<button class="second small" type="button" data-copies="live-xyz">@@copy@@</button></span></label>
<label>TileJSON<span class="row2"><input id="live-tilejson" type="text" readonly>\
<button class="second small" type="button" data-copies="live-tilejson">@@copy@@</button></span></label>
<label>WMTS<span class="row2"><input id="live-wmts" type="text" readonly>\
<button class="second small" type="button" data-copies="live-wmts">@@copy@@</button></span></label>
<div class="links"><a id="live-qgis" download>@@live.qgis@@</a>
<a href="docs" target="_blank">API</a></div>
<label>Python<textarea id="live-python" rows="7" readonly spellcheck="false"></textarea></label>
<button class="second" type="button" data-copies="live-python">@@live.copy@@</button>
<p id="live-said" role="status"></p>
</div>"""
REGION = """<fieldset id="region"><legend class="unseen">@@region.title@@</legend>
<div class="choices"><label><input type="radio" name="region" value="tiles" checked>@@region.tiles@@</label>\
<label><input type="radio" name="region" value="rectangle">@@region.rectangle@@</label>\
<label><input type="radio" name="region" value="lasso">@@region.lasso@@</label>\
<label><input type="radio" name="region" value="brush">@@region.brush@@</label></div>
<p id="edit-hint" class="hint"></p>
<div id="region-options" hidden>
<label id="region-wide" hidden><span>@@region.radius@@ <output></output></span>\
<input id="region-radius" type="range" min="0.5" max="32" step="0.5" value="4"></label>
<label><span>@@region.softness@@ <output></output></span>\
<input id="region-softness" type="range" min="0" max="32" step="1" value="4"></label>
<label class="tick"><input id="region-erase" type="checkbox">@@region.erase@@</label>
</div></fieldset>"""
DOCK = """<div id="steps"><div id="queue" role="group" aria-label="@@queue@@"></div>
<div id="work" class="ends" hidden><span id="work-said"></span>\
<button id="work-cancel" class="quiet" type="button">@@work.cancel@@</button></div>
<p id="away" role="status"></p><p id="link" role="status"></p>
<div id="steps-said" role="status"></div>
<div class="row2">\
<button id="undo" class="step" type="button" disabled aria-keyshortcuts="Control+Z">@@undo@@</button>\
<button id="redo" class="step" type="button" disabled aria-keyshortcuts="Control+Shift+Z">@@redo@@</button>\
</div>
<div id="status"></div><p id="announced" class="unseen" role="status"></p></div>"""


def edit(limit: int) -> str:
    """What is selected, and what it should be; assets/web/page/edit.js fills it in."""
    return f"""<div id="edit" class="own" data-limit="{limit}">
<div class="ends"><span id="edit-selection" role="status">@@edit.nothing@@</span>
<button id="edit-clear" class="quiet" type="button" hidden>@@edit.clear@@</button></div>
{REGION}
<label>@@prompt@@<textarea id="edit-prompt" rows="2" \
placeholder="@@edit.example@@"></textarea></label>
{chips("edit-prompt")}
<label>@@edit.negative@@<input id="edit-negative" type="text"></label>
<label><span>@@edit.strength@@ <output></output></span>\
<input id="edit-strength" type="range" min="0.1" max="1" step="0.05" value="1"></label>
<label>@@seed@@<span class="row2"><input id="edit-seed" type="text" inputmode="numeric" \
placeholder="@@seed.random@@">
<button id="edit-dice" class="dice" type="button" title="@@seed.dice@@" aria-label="@@seed.dice@@">⚄</button>\
</span></label>
<div class="row2"><button id="edit-go" type="button" disabled>@@edit.go@@</button>
<button id="edit-three" class="second" type="button" disabled>@@edit.three@@</button></div>
<button id="edit-reveal" class="quiet" type="button" disabled>@@edit.reveal@@</button>
<p id="edit-said" role="status"></p>
<div id="edit-variants" aria-live="polite" hidden></div>
</div>"""


def export() -> str:
    """Region, format, resolution; assets/web/page/export.js fills it in."""
    options = "".join(f'<option value="{name}">@@format.{name}@@</option>' for name in FORMATS)
    return f"""<div id="export" class="own">
<div class="ends"><span id="export-region">@@export.view@@</span>
<button id="export-clear" class="quiet" type="button" hidden>@@export.clear@@</button></div>
<p class="hint"><span class="mouse">@@export.hint.mouse@@</span>\
<span class="touch">@@export.hint.touch@@</span></p>
<details id="bounds"><summary>@@bounds.title@@</summary>
<label>@@bounds.numbers@@<input id="bounds-numbers" type="text" autocomplete="off" \
placeholder="@@bounds.example@@"></label>
<label>@@bounds.file@@<input id="bounds-file" type="file" accept=".geojson,.json"></label>
<p id="bounds-said" role="status"></p></details>
<label>@@export.format@@<select id="export-format">{options}</select></label>
<label>@@zoom@@<select id="export-zoom"></select></label>
<label class="tick"><input id="export-paint" type="checkbox" checked>@@export.paint@@</label>
<p id="export-estimate" role="status"></p>
<button id="export-go" type="button" disabled>@@export.go@@</button>
<div id="export-ask" class="row2" hidden><button id="export-yes" type="button">@@export.yes@@</button>
<button id="export-no" class="second" type="button">@@cancel@@</button></div>
<ul id="export-jobs" aria-label="@@export.jobs@@"></ul>
</div>"""
