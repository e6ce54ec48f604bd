"""The panel's forms in HTML. assets/web/page/ fills them in; what people write goes there as text."""

from __future__ import annotations

from typing import NamedTuple

from tiles.mosaic.formats import FORMATS


class Tab(NamedTuple):
    """A tab, and the part of the panel that it shows (its element's id)."""

    shows: str
    words: str


PLACES = (
    Tab("place-explore", "Explore"),
    Tab("place-shape", "Shape"),
    Tab("place-history", "History"),
    Tab("place-home", "Take home"),
)
VIEWS = {
    "Explore": (Tab("view-world", "World"), Tab("view-gallery", "Gallery"), Tab("view-new", "New world")),
    "Shape": (Tab("view-edit", "Repaint"), Tab("view-plan", "New land"), Tab("view-picture", "Picture")),
    "Take home": (Tab("view-export", "Export"), Tab("view-share", "Share"), Tab("view-live", "Live links")),
}


def tabs(name: str, listed: tuple[Tab, ...], kind: str) -> str:
    """A list of tabs of that ``kind``; the first one is chosen."""
    made = "".join(
        f'<button type="button" role="tab" id="tab-{tab.shows}" aria-controls="{tab.shows}" '
        f'aria-selected="{"false" if place else "true"}" tabindex="{-1 if place else 0}">{tab.words}</button>'
        for place, tab in enumerate(listed)
    )
    return f'<div class="{kind}" role="tablist" aria-label="{name}">{made}</div>'


def views(place: str) -> str:
    """The tabs within one place."""
    return tabs(place, VIEWS[place], "views")


def head() -> str:
    """The sheet's handle (on a phone), the name, and the four places."""
    return f"""<button id="handle" type="button" aria-expanded="false" aria-controls="panel">Show the panel\
</button>
<div id="title"><h1>Endless Earth</h1>
<button id="theme" class="icon" type="button" title="Light or dark" aria-label="Light or dark">◐</button>
<button id="help" class="icon" type="button" title="Keys and help" aria-label="Keys and help">?</button>
<button id="fold" class="icon" type="button" title="Hide the panel" aria-label="Hide the panel">«</button>
</div>{tabs("Places", PLACES, "places")}"""


WELCOME = """<p id="tagline">Land that does not exist. Drag the map: it goes on.</p>
<p id="notice" role="alert"></p>
<div class="own"><label>World<select id="world"></select></label></div>"""
GO = """<div id="go" class="own"><form id="go-form"><label>Find or go to<span class="row2">\
<input id="go-to" type="text" autocomplete="off" list="go-marks" placeholder="Snow, a place, a bookmark">\
<button class="second small" type="submit">Go</button></span></label></form>
<datalist id="go-marks"></datalist>
<p id="go-said" role="status"></p>
<ul id="found" aria-label="Found land"></ul>
<div class="row2"><button id="mark" class="second" type="button">Bookmark</button>
<button id="copy-link" class="second" type="button">Copy link</button></div>
<ul id="marks" aria-label="Bookmarks"></ul></div>"""
ABOUT = """<details id="about" class="own"><summary>About this world</summary>\
<dl id="about-list"></dl></details>"""
GALLERY = """<div id="gallery" class="own"><p class="hint">Ready worlds. Click one to make it yours.</p>
<ul id="gallery-list"></ul><p id="gallery-said" role="status"></p></div>"""
UNPACK = """<div class="own"><label id="unpack">Or open a world file\
<input type="file" accept=".earth"></label>
<p id="unpack-said" role="status"></p></div>"""
HISTORY = """<div id="history" class="own"><p id="history-none" class="hint">What you change is listed here. \
You can undo it, compare it, and use its settings again.</p><ol id="history-list"></ol></div>"""
BRUSH = """<div id="brush" class="own"><h2>Brush</h2>
<p class="hint">Brush over unpainted land. It will follow this prompt.</p>
<label>Prompt<textarea id="brush-prompt" rows="2" placeholder="sand desert with dunes"></textarea></label>
<label><span>Radius <output></output></span><input id="brush-radius" type="range" min="0" value="1"></label>
<label><span>Edge blur <output></output></span>\
<input id="brush-softness" type="range" min="0" value="1"></label>
<button id="brush-toggle" type="button" aria-pressed="false">Start brushing</button>
<label class="tick"><input id="brush-regions" type="checkbox">Show prompt regions</label>
<div id="brush-said" role="status"></div>
</div>"""
PICTURE = """<div id="picture" class="own">
<label>Your picture<input id="picture-file" type="file" \
accept=".tif,.tiff,.png,.jpg,.jpeg,.webp"></label>
<p id="picture-spot" class="hint"></p>
<label>Resolution<select id="picture-zoom"></select></label>
<label><span>Keep picture <output></output></span>\
<input id="picture-strength" type="range" min="0.1" max="1" step="0.05" value="1"></label>
<label>What it shows (optional)<input id="picture-prompt" type="text"></label>
<button id="picture-go" type="button" disabled>Place it</button>
<progress id="picture-sent" max="1" value="0" aria-label="Sent" hidden></progress>
<p id="picture-said" role="status"></p>
</div>"""
SHARE = """<div id="share" class="own">
<h2>A link to this place</h2>
<p class="hint">Works wherever this app can be reached.</p>
<button id="share-link" type="button">Copy link</button>
<p id="share-said" role="status"></p>
<h2>A postcard</h2>
<p class="hint">A picture of the view with its place and scale.</p>
<button id="share-postcard" class="second" type="button">Make a postcard</button>
<h2>The world as a file</h2>
<p class="hint">Anybody can open it in their own Endless Earth.</p>
<div class="links"><a id="share-package" download>World file</a>
<a id="share-land" download>World file with tiles (larger)</a></div>
</div>"""
LIVE = """<div id="live" class="own">
<p class="hint">Other programs can show this world. They wait while tiles are painted.</p>
<label>Tiles (XYZ)<span class="row2"><input id="live-xyz" type="text" readonly>\
<button class="second small" type="button" data-copies="live-xyz">Copy</button></span></label>
<label>TileJSON<span class="row2"><input id="live-tilejson" type="text" readonly>\
<button class="second small" type="button" data-copies="live-tilejson">Copy</button></span></label>
<label>WMTS<span class="row2"><input id="live-wmts" type="text" readonly>\
<button class="second small" type="button" data-copies="live-wmts">Copy</button></span></label>
<div class="links"><a id="live-qgis" download>QGIS connection</a>
<a href="docs" target="_blank">API</a></div>
<label>Python<textarea id="live-python" rows="7" readonly spellcheck="false"></textarea></label>
<button class="second" type="button" data-copies="live-python">Copy the Python code</button>
<p id="live-said" role="status"></p>
</div>"""
DOCK = """<div id="steps"><div id="queue" role="group" aria-label="Being painted"></div>
<div id="steps-said" role="status"></div>
<div class="row2"><button id="undo" class="step" type="button" disabled aria-keyshortcuts="Control+Z">Undo\
</button><button id="redo" class="step" type="button" disabled aria-keyshortcuts="Control+Shift+Z">Redo\
</button></div>
<div id="status"></div><p id="announced" class="unseen" role="status"></p></div>"""

REGION = """<fieldset id="region"><legend class="unseen">What to choose with</legend>
<div class="choices"><label><input type="radio" name="region" value="tiles" checked>Tiles</label>\
<label><input type="radio" name="region" value="rectangle">Rectangle</label>\
<label><input type="radio" name="region" value="lasso">Lasso</label>\
<label><input type="radio" name="region" value="brush">Brush</label></div>
<p id="edit-hint" class="hint"></p>
<div id="region-options" hidden>
<label id="region-wide" hidden><span>Brush radius <output></output></span>\
<input id="region-radius" type="range" min="0.5" max="32" step="0.5" value="4"></label>
<label><span>Soft border <output></output></span>\
<input id="region-softness" type="range" min="0" max="32" step="1" value="4"></label>
<label class="tick"><input id="region-erase" type="checkbox">Take away instead of adding</label>
</div></fieldset>"""


def edit(limit: int) -> str:
    """What is selected, and what it should be; assets/web/page/edit.js fills it in."""
    return f"""<div id="edit" class="own" data-limit="{limit}">
<div class="ends"><span id="edit-selection" role="status">Nothing is selected</span>
<button id="edit-clear" class="quiet" type="button" hidden>Clear</button></div>
{REGION}
<label>Prompt<textarea id="edit-prompt" rows="2" \
placeholder="Leave empty for a variation of this land"></textarea></label>
<label>Avoid<input id="edit-negative" type="text"></label>
<label><span>Strength <output></output></span>\
<input id="edit-strength" type="range" min="0.1" max="1" step="0.05" value="1"></label>
<label>Seed<span class="row2"><input id="edit-seed" type="text" inputmode="numeric" placeholder="random">
<button id="edit-dice" class="dice" type="button" title="Random seed" aria-label="Random seed">⚄</button>\
</span></label>
<div class="row2"><button id="edit-go" type="button" disabled>Repaint</button>
<button id="edit-three" class="second" type="button" disabled>Show 3 options</button></div>
<p id="edit-said" role="status"></p>
<div id="edit-variants" aria-live="polite" hidden></div>
</div>"""


def export() -> str:
    """Region, format, resolution; assets/web/page/export.js fills it in."""
    options = "".join(f'<option value="{name}">{format.label}</option>' for name, format in FORMATS.items())
    return f"""<div id="export" class="own">
<div class="ends"><span id="export-region">The view</span>
<button id="export-clear" class="quiet" type="button" hidden>Use the current view</button></div>
<p class="hint"><span class="mouse">Hold Shift and drag on the map to choose a rectangle.</span>\
<span class="touch">Tap the dashed square on the map, then drag a rectangle.</span></p>
<label>Format<select id="export-format">{options}</select></label>
<label>Resolution<select id="export-zoom"></select></label>
<label class="tick"><input id="export-paint" type="checkbox" checked>Generate unpainted tiles</label>
<p id="export-estimate" role="status"></p>
<button id="export-go" type="button" disabled>Export</button>
<div id="export-ask" class="row2" hidden><button id="export-yes" type="button">Export anyway</button>
<button id="export-no" class="second" type="button">Cancel</button></div>
<ul id="export-jobs" aria-label="Exports"></ul>
</div>"""
