"""Rows of the table of cells: which ones a query asks for, and which painting of a cell is shown."""

from __future__ import annotations

import sqlite3

import numpy as np

from tiles.grid import Box, Tile
from tiles.latents import LatentSpace
from tiles.schema import cell_digest

NARROW = 8  # columns of a box up to which each is looked up by itself


def inside(box: Box) -> tuple[str, tuple[int, ...]]:
    """The cells of a box, for a query, and its values. A range of columns would walk along each of them, so
    a narrow box asks for its columns one by one: then it costs the same however much is painted."""
    if box.width > NARROW:
        return "zoom = ? AND x >= ? AND x < ? AND y >= ? AND y < ?", (
            box.zoom, box.left, box.right, box.top, box.bottom,
        )  # fmt: skip
    columns = tuple(range(box.left, box.right))
    marks = ", ".join("?" * len(columns))
    return f"zoom = ? AND x IN ({marks}) AND y >= ? AND y < ?", (box.zoom, *columns, box.top, box.bottom)


def cell_row(
    cell: Tile, entry: int, latents: np.ndarray, space: LatentSpace, shown: bool = False
) -> tuple[object, ...]:
    """A new cell, painted under a line; ``shown`` if it is the first painting of its place. Raises ValueError
    for other latents than finite float16 of the space's shape."""
    if latents.shape != space.shape or latents.dtype != np.float16 or not np.isfinite(latents).all():
        raise ValueError(f"a cell is finite float16 {space.shape}, not {latents.dtype} {latents.shape}")
    data = np.ascontiguousarray(latents, "<f2").tobytes()
    return *cell, entry, int(shown), int(shown), cell_digest(cell, entry, data), data


def is_new(connection: sqlite3.Connection, cell: Tile) -> bool:
    """Whether a cell was never painted, under any line."""
    query = "SELECT 1 FROM cells WHERE zoom = ? AND x = ? AND y = ? LIMIT 1"
    return connection.execute(query, cell).fetchone() is None


def show(connection: sqlite3.Connection, cell: Tile, entry: int) -> None:
    """Show a cell as it was painted under a line. Every change leaves a higher version behind."""
    here = "zoom = ? AND x = ? AND y = ?"
    now = connection.execute(f"SELECT entry FROM cells WHERE {here} AND shown", cell).fetchone()
    if now is not None and now[0] == entry:
        return
    newest = f"(SELECT max(version) + 1 FROM cells WHERE {here})"
    done = connection.execute(
        f"UPDATE cells SET shown = 1, version = {newest} WHERE {here} AND entry = ?", (*cell, *cell, entry)
    )
    if now is not None:
        version = "version" if done.rowcount else newest
        values = (*cell, now[0]) if done.rowcount else (*cell, *cell, now[0])
        connection.execute(
            f"UPDATE cells SET shown = 0, version = {version} WHERE {here} AND entry = ?", values
        )
