"""The panel's forms in HTML. assets/web/page/ fills them in; what people write goes there as text."""

from __future__ import annotations

from tiles.mosaic.formats import FORMATS

TITLE = '<h1>Endless Earth</h1><p id="tagline">Land that does not exist.</p>'
STATUS = '<div id="status" role="status"></div><p id="notice" role="alert"></p>'
LINKS = """<div id="links"><button id="theme" type="button">Light or dark</button>
<a href="/docs" target="_blank">API</a></div>"""
STEPS = """<div id="steps"><div class="row2">
<button id="undo" class="step" type="button" disabled aria-keyshortcuts="Control+Z">Undo</button>
<button id="redo" class="step" type="button" disabled aria-keyshortcuts="Control+Shift+Z">Redo</button>
</div><div id="queue" role="group" aria-label="Being painted"></div>
<p id="steps-said" role="status"></p></div>"""
HISTORY = """<div id="history" class="own"><p id="history-none" class="hint">What you change stands here, \
and can be undone.</p><ol id="history-list"></ol></div>"""
BRUSH = """<div id="brush" class="own">
<p class="hint">For land that is not painted yet: it follows this prompt when it is.</p>
<label>Prompt<textarea id="brush-prompt" rows="2" maxlength="500" \
placeholder="sand desert with dunes"></textarea></label>
<label><span>Radius <output></output></span><input id="brush-radius" type="range" min="0" value="1"></label>
<label><span>Edge blur <output></output></span>\
<input id="brush-softness" type="range" min="0" value="1"></label>
<button id="brush-toggle" type="button" aria-pressed="false">Start brushing</button>
<label class="tick"><input id="brush-regions" type="checkbox">Show prompt regions</label>
<p id="brush-said" role="status"></p>
</div>"""
PICTURE = """<div id="picture" class="own">
<label>GeoTIFF, PNG, JPEG or WebP<input id="picture-file" type="file" \
accept=".tif,.tiff,.png,.jpg,.jpeg,.webp"></label>
<p id="picture-spot" class="hint"></p>
<label>Its resolution<select id="picture-zoom"></select></label>
<label><span>Keep picture <output></output></span>\
<input id="picture-strength" type="range" min="0.1" max="1" step="0.05" value="1"></label>
<label>What it shows, if you like<input id="picture-prompt" type="text" maxlength="500"></label>
<button id="picture-go" type="button" disabled>Place it</button>
<p id="picture-said" role="status"></p>
</div>"""


def edit(limit: int) -> str:
    """What is selected, and what it should be; assets/web/page/edit.js fills it in."""
    return f"""<div id="edit" class="own" data-limit="{limit}">
<div class="ends"><span id="edit-selection" role="status">Nothing is selected</span>
<button id="edit-clear" class="quiet" type="button" hidden>Clear</button></div>
<p id="edit-hint" class="hint">Click a tile on the map. Shift and drag, or the dashed square there, \
takes several.</p>
<label>Prompt<textarea id="edit-prompt" rows="2" maxlength="500" \
placeholder="Leave empty for a variation of this land"></textarea></label>
<label>Avoid<input id="edit-negative" type="text" maxlength="500"></label>
<label><span>Strength <output></output></span>\
<input id="edit-strength" type="range" min="0.1" max="1" step="0.05" value="1"></label>
<label>Seed<span class="row2"><input id="edit-seed" type="number" min="0" step="1" placeholder="random">
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
<label>Format<select id="export-format">{options}</select></label>
<label>Resolution<select id="export-zoom"></select></label>
<label class="tick"><input id="export-paint" type="checkbox" checked>Generate unpainted tiles</label>
<p id="export-estimate" role="status"></p>
<button id="export-go" type="button" disabled>Export</button>
<div id="export-job" class="job" hidden><progress id="export-bar" max="1" value="0"></progress>
<span id="export-state"></span><button id="export-cancel" class="quiet" type="button">Cancel</button></div>
<div id="export-files"></div>
<div id="export-links" hidden><a id="export-package" download
title="Settings and journal: paints the same land elsewhere">World file</a>
<a id="export-land" download title="With what is painted so far, 8 KB a tile">World file with tiles \
(larger)</a>
<a id="export-qgis" download>QGIS connection</a><a id="export-wmts" target="_blank">WMTS</a></div>
</div>"""
