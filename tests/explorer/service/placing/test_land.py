"""Pictures that become known land."""

import numpy as np
import pytest

from explorer.service import edits, placing
from explorer.service.bulk import paint_all
from explorer.service.placing import Spot
from tests.edits import over
from tests.pictures import LIMITS, NOWHERE, bomb, png, smooth
from tests.rasters import saved
from tiles.errors import BadPicture, TooLarge
from tiles.grid import Box, Tile


def test_a_picture_becomes_known_land_and_the_land_around_goes_on_from_it(world, painter, jobs, tmp_path):
    pixels = smooth(600, 600)
    spot = Spot(*world.home, seed=4)
    sheet = placing.read(saved(tmp_path / "p", pixels), spot, NOWHERE, 8, LIMITS)
    picture = placing.known(sheet, 8, world.model)
    data = placing.entry(sheet, spot, 8)
    job = over(edits.start(world, painter, jobs, data, picture))
    cells = world.journal.history.edit(job.entry).cells
    assert all(world.canvas.painted(cell) for cell in cells) and len(cells) == sheet.box(8).grown(1).size
    for cell, given in picture.items():
        kept = world.store.read(cell).latents
        assert (kept[:, given.mask] == given.latents[:, given.mask]).all()
        assert given.mask.all() or (kept[:, ~given.mask] != given.latents[:, ~given.mask]).mean() > 0.99
    # The reference encodes the whole picture at once.
    box = sheet.box(8)
    whole = np.zeros((box.height * 256, box.width * 256, 3), np.uint8)
    y, x = sheet.top - box.top * 256, sheet.left - box.left * 256
    whole[y : y + 600, x : x + 600] = pixels
    expected = world.model.encode(whole)
    for cell, given in picture.items():
        row, column = (cell.y - box.top) * 32, (cell.x - box.left) * 32
        there = expected[:, row : row + 32, column : column + 32]
        inner = given.mask & (
            np.add.outer(*[np.abs(np.arange(32) + o - 37.5 - s) for o, s in ((row, y / 8), (column, x / 8))])
            < 30
        )
        np.testing.assert_allclose(given.latents[:, inner], there[:, inner], atol=0.02)
    edits.undo(world, painter, jobs)
    assert not any(world.journal.history.shown(cell) == job.entry for cell in cells)


def test_panning_goes_on_from_a_picture_and_half_its_strength_is_another_land(
    world, painter, jobs, tmp_path, atlas
):
    sheets = []
    for strength in (1.0, 0.5):
        spot = Spot(*world.home, strength=strength, seed=4)
        sheet = placing.read(saved(tmp_path / "p", smooth(256, 256)), spot, NOWHERE, 8, LIMITS)
        job = over(
            edits.start(
                world, painter, jobs, placing.entry(sheet, spot, 8), placing.known(sheet, 8, world.model)
            )
        )
        box = Box(8, *sheet.box(8).grown(2)[1:])
        paint_all(painter, world, list(box.tiles()), lambda more: None)
        assert all(world.renderer.final(tile) for tile in box.tiles())
        sheets.append(edits.small_picture(world, job.entry, False))
        edits.undo(world, painter, jobs)
    assert (sheets[0] != sheets[1]).any()


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [(b"", BadPicture, "not a picture"), (b"hello world, this is text", BadPicture, "not a picture"),
     (b"<svg xmlns='http://www.w3.org/2000/svg'/>", BadPicture, "not a picture"), (b"GIF89a" + bytes(100), BadPicture, "this is GIF"),
     (bomb(60_000, 60_000), TooLarge, "pixels"), (bomb(5_000, 5_000), TooLarge, "5,000 x 5,000"),
     (bomb(1_000, 1_000), BadPicture, "cannot be read"), (png(smooth(64, 64))[:-200], BadPicture, "cannot be read"),
     (png(np.zeros((5, 900, 3), np.uint8)), BadPicture, "16 a side"), (b"II*\0" + bytes(50), BadPicture, "cannot be read"),
     (png(np.zeros((2600, 2600, 3), np.uint8)), TooLarge, "tiles; 64 are allowed"),
     (png(np.zeros((64, 64, 4), np.uint8)), BadPicture, "entirely transparent")],
)  # fmt: skip
def test_what_is_no_fit_picture_is_refused(data, error, words, tmp_path, world):
    (tmp_path / "p").write_bytes(data)
    with pytest.raises(error, match=words):
        placing.known(placing.read(tmp_path / "p", Spot(0, 0), NOWHERE, 8, LIMITS), 8, world.model)


def test_cells_beside_each_other_are_encoded_alike(world):
    """Encoded cell by cell or at once: the margin is wide enough."""
    pixels = smooth(512, 768, seed=2)
    noise = np.random.default_rng(0).integers(-20, 20, pixels.shape)
    pixels = (pixels + noise).clip(0, 255).astype(np.uint8)
    sheet = placing.Sheet(pixels, np.ones((512, 768), bool), 0, 0)
    whole = world.model.encode(pixels)
    for cell, given in placing.known(sheet, 8, world.model).items():
        rows, columns = np.nonzero(given.mask)
        there = whole[:, cell.y * 32 + rows, cell.x * 32 + columns]
        inner = (
            (cell.y * 32 + rows > 9)
            & (cell.y * 32 + rows < 54)
            & (cell.x * 32 + columns > 9)
            & (cell.x * 32 + columns < 86)
        )
        np.testing.assert_allclose(given.latents[:, rows, columns][:, inner], there[:, inner], atol=0.01)
    assert Tile(8, 1, 0) in placing.known(sheet, 8, world.model)
