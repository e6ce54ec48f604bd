"""world.db: all of a world that cannot be made again quickly. Settings, journal, latents."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tiles import schema
from tiles.errors import WorldDamaged
from tiles.grid import Box, Tile
from tiles.latents import LatentSpace
from tiles.levels import Spaces, spaces_of
from tiles.rows import cell_row, inside, is_new, show
from tiles.schema import cell_digest
from tiles.world_file import WorldFile, Written


class Painted(NamedTuple):
    """A painted cell."""

    latents: np.ndarray  # float16 (channels, side, side)
    entry: int  # the line of the journal it was painted under
    version: int  # goes up with each change


class Known(NamedTuple):
    """What a picture gives of a cell."""

    latents: np.ndarray  # float16 (channels, side, side)
    mask: np.ndarray  # bool (side, side)


class Entry(NamedTuple):
    """One line of the journal."""

    number: int
    kind: str
    made: str  # UTC, ISO 8601
    data: dict[str, Any]


class Mark(NamedTuple):
    """How far the changes of a world's cells are known."""

    row: int = -1  # the last painting; -1: nothing is known
    line: int = 0  # the last line of the journal


class Versions(NamedTuple):
    """Of all paintings of a cell."""

    shown: int  # 1 if one of them is shown
    version: int  # their sum


class Store:
    """One world.db, for any number of threads; one process at a time may write.

    >>> store = Store.create(Path("world.db"), {"name": "First Light"})
    >>> line = store.append("prompt", {"prompt": "rocky coast", "painted": []})
    >>> store.commit({Tile(8, 128, 127): np.zeros((4, 32, 32), np.float16)}, line.number)
    >>> store.read(Tile(8, 128, 127)).entry, store.count(8)
    (1, 1)
    >>> store.close()

    Everything may raise WorldDamaged for what is not what was written, Busy if the file cannot be
    opened at the moment, WorldNotFound once the store is closed; what writes DiskFull, and WorldHeld if
    the store was opened for reading.
    """

    def __init__(self, file: WorldFile) -> None:
        self._file = file

    @classmethod
    def create(cls, path: Path, settings: Mapping[str, Any]) -> Store:
        """A new world; nothing appears at ``path`` before it is whole. Raises DiskFull."""
        return cls(WorldFile.create(path, settings))

    @classmethod
    def open(cls, path: Path, readonly: bool = False) -> Store:
        """Raises WorldNotFound, WorldDamaged, Busy. An older format is brought up to date, on disk or, if it
        is only read, in a copy."""
        return cls(WorldFile.open(path, readonly))

    @property
    def path(self) -> Path:
        """That of world.db."""
        return self._file.path

    def copy(self, path: Path, **changes: Any) -> None:
        """All of it as a new world at ``path``, with changed settings. Raises DiskFull."""
        self._file.copy(path, changes)

    def settings(self) -> dict[str, Any]:
        """All but the ``instance``, by name."""
        settings = self._settings()
        settings.pop("instance", None)
        return settings

    def _settings(self) -> dict[str, Any]:
        with self._file.read() as connection:
            rows = connection.execute("SELECT name, value, digest FROM settings").fetchall()
        for name, value, digest in rows:
            if digest != schema.setting_digest(name, value):
                raise WorldDamaged(f"{self._file.name}: setting {name[:40]!r} is damaged")
        return {name: json.loads(value) for name, value, _ in rows}

    @property
    def instance(self) -> str:
        """Tells this world from every other that has or had its id: 16 hexadecimal digits."""
        value = self._settings().get("instance")
        if not isinstance(value, str):
            raise WorldDamaged(f"{self._file.name}: setting 'instance' is missing")
        return value

    @cached_property
    def spaces(self) -> Spaces:
        """Those of the world's models."""
        return spaces_of(self._settings())

    def change_settings(self, **changes: Any) -> None:
        """Write settings, all or none. Raises DiskFull, WorldHeld."""
        with self._file.write() as connection:
            schema.put_settings(connection, changes)

    def journal(self) -> list[Entry]:
        """All lines, in order."""
        with self._file.snapshot(), self._file.read() as connection:
            rows = connection.execute("SELECT * FROM journal ORDER BY number").fetchall()
            (head,) = connection.execute("SELECT digest FROM head").fetchone() or (None,)
        before, lines = schema.NOTHING, []
        for number, kind, made, data, digest in rows:
            if digest != schema.line_digest(before, number, kind, made, data):
                raise WorldDamaged(f"{self._file.name}: line {number} of the journal is damaged")
            before = digest
            lines.append(Entry(number, kind, made, json.loads(data)))
        if before != head:
            raise WorldDamaged(f"{self._file.name}: the end of the journal is missing")
        return lines

    def last_line(self) -> int:
        """The number of the journal's last line, 0 if there is none."""
        with self._file.read() as connection:
            return int(connection.execute("SELECT coalesce(max(number), 0) FROM journal").fetchone()[0])

    def on_disk(self) -> bool:
        """Whether the file at ``path`` is still the one that was opened."""
        return self._file.on_disk()

    def written(self) -> Written:
        """Another value after each write, whichever process wrote."""
        return self._file.written()

    def snapshot(self) -> AbstractContextManager[None]:
        """All that this thread reads within it is as it is now, whatever others write meanwhile."""
        return self._file.snapshot()

    def together(self) -> AbstractContextManager[object]:
        """All that this thread writes within it is kept at its end, or nothing: one write to the disk."""
        return self._file.write()

    def append(
        self,
        kind: str,
        data: Mapping[str, Any],
        shows: Mapping[Tile, int] | None = None,
        picture: Mapping[Tile, Known] | None = None,
        touches: Iterable[Tile] = (),
    ) -> Entry:
        """A new line, and with it all that it changes: which of its paintings each of the cells
        ``shows`` (none, if it was not painted under that line), and what a picture gives. What is shown of
        the cells that it ``touches`` stays, and gets a higher version: their tiles look otherwise."""
        made = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._file.write() as connection:
            number = schema.add_line(connection, kind, json.dumps(data, ensure_ascii=False), made)
            for cell, entry in (shows or {}).items():
                show(connection, cell, entry)
            connection.executemany(
                "UPDATE cells SET version = version + 1 WHERE zoom = ? AND x = ? AND y = ? AND shown",
                list(touches),
            )
            rows = (_picture_row(number, cell, known) for cell, known in (picture or {}).items())
            connection.executemany("INSERT INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        return Entry(number, kind, made, dict(data))

    def commit(self, cells: Mapping[Tile, np.ndarray], entry: int, shown: bool = True) -> None:
        """Keep new cells, float16 (channels, side, side) each, all or none. What is painted under that
        line already stays: whoever came first painted the same bytes."""
        with self._file.write() as connection:
            (since,) = connection.execute("SELECT coalesce(max(number), 0) FROM journal").fetchone()
            first = {cell for cell in cells if shown and is_new(connection, cell)}
            rows = [
                cell_row(cell, entry, latents, self.spaces.at(cell.z), cell in first)
                for cell, latents in cells.items()
            ]
            schema.put_cells(connection, rows, since)
            for cell in cells.keys() - first if shown else ():
                show(connection, cell, entry)

    def read(self, cell: Tile, entry: int | None = None) -> Painted | None:
        """The cell as it is shown, or as it was painted under a line; None if it was not."""
        which = "shown" if entry is None else "entry = ?"
        query = f"SELECT {_PAINTED} FROM cells WHERE zoom = ? AND x = ? AND y = ? AND {which}"
        with self._file.read() as connection:
            row = connection.execute(query, (*cell, *([] if entry is None else [entry]))).fetchone()
        return None if row is None else _painted(cell, self.spaces.at(cell.z), *row[3:])

    def read_many(self, box: Box) -> dict[Tile, Painted]:
        """The cells of a box as they are shown."""
        where, ends = inside(box)
        query = f"SELECT {_PAINTED} FROM cells WHERE {where} AND shown"
        with self._file.read() as connection:
            rows = connection.execute(query, ends).fetchall()
        space = self.spaces.at(box.zoom)
        return {Tile(*row[:3]): _painted(Tile(*row[:3]), space, *row[3:]) for row in rows}

    def has(self, cell: Tile, entry: int) -> bool:
        """Whether a cell is painted under a line."""
        query = "SELECT 1 FROM cells WHERE zoom = ? AND x = ? AND y = ? AND entry = ?"
        with self._file.read() as connection:
            return connection.execute(query, (*cell, entry)).fetchone() is not None

    def paintings(self) -> Iterator[tuple[Tile, int, bool]]:
        """Every painting of every cell: cell, line, whether it is shown."""
        query = "SELECT zoom, x, y, entry, shown FROM cells"
        with self._file.read() as connection:
            rows = connection.execute(query).fetchall()
        for zoom, x, y, entry, shown in rows:
            yield Tile(zoom, x, y), entry, bool(shown)

    def painted_in(self, box: Box) -> list[tuple[Tile, int]]:
        """The paintings of a box's cells, as (cell, line it was painted under)."""
        where, ends = inside(box)
        query = f"SELECT zoom, x, y, entry FROM cells WHERE {where}"
        with self._file.read() as connection:
            return [(Tile(*row[:3]), row[3]) for row in connection.execute(query, ends)]

    def kept_since(self, line: int) -> list[tuple[Tile, int]]:
        """The paintings, as (cell, line it was painted under), that were kept when the journal ended in
        ``line`` or a later one. The others were there before ``line`` was written.

        In worlds that an older version made there may be more of them.
        """
        query = "SELECT zoom, x, y, entry FROM cells WHERE since >= ?"
        with self._file.read() as connection:
            return [(Tile(*row[:3]), row[3]) for row in connection.execute(query, (line,))]

    def picture(self, entry: int, box: Box) -> dict[Tile, Known]:
        """What the picture of a line gives of a box's cells."""
        where, ends = inside(box)
        query = f"SELECT x, y, digest, mask, latents FROM pictures WHERE entry = ? AND {where}"
        with self._file.read() as connection:
            rows = connection.execute(query, (entry, *ends)).fetchall()
        known, space = {}, self.spaces.at(box.zoom)
        for x, y, digest, mask, data in rows:
            cell = Tile(box.zoom, x, y)
            if digest != cell_digest(cell, entry, mask + data):
                raise WorldDamaged(f"the picture at cell {cell.z}/{x}/{y} is damaged")
            bits = np.unpackbits(np.frombuffer(mask, np.uint8)).astype(bool)
            known[cell] = Known(_latents(data, space), bits.reshape(space.side, space.side))
        return known

    def picture_rows(self) -> Iterator[tuple[int, Tile, bytes, bytes, bytes]]:
        """Every cell of every picture, in order: line, cell, digest, mask, latents."""
        query = "SELECT entry, zoom, x, y, digest, mask, latents FROM pictures ORDER BY entry, zoom, x, y"
        with self._file.read() as connection:
            for entry, zoom, x, y, *rest in connection.execute(query):
                yield entry, Tile(zoom, x, y), rest[0], rest[1], rest[2]

    def sizes(self) -> tuple[int, int, int]:
        """Bytes of the journal's lines, cells of pictures, and paintings of cells."""
        query = """SELECT (SELECT total(length(CAST(data AS BLOB)) + 200) FROM journal),
            (SELECT count(*) FROM pictures), (SELECT count(*) FROM cells)"""
        with self._file.read() as connection:
            lines, pictured, painted = connection.execute(query).fetchone()
        return int(lines), int(pictured), int(painted)

    def version_sum(self, box: Box) -> tuple[int, int]:
        """How many cells of a box are shown, and the sum of the versions of all its paintings."""
        where, ends = inside(box)
        query = f"SELECT total(shown), total(version) FROM cells WHERE {where}"
        with self._file.read() as connection:
            count, total = connection.execute(query, ends).fetchone()
        return int(count), int(total)

    def versions(self, box: Box) -> dict[Tile, Versions]:
        """The versions of all cells of a box that were ever painted."""
        where, ends = inside(box)
        query = f"SELECT x, y, total(shown), total(version) FROM cells WHERE {where} GROUP BY x, y"
        with self._file.read() as connection:
            rows = connection.execute(query, ends).fetchall()
        return {Tile(box.zoom, x, y): Versions(int(shown), int(total)) for x, y, shown, total in rows}

    def changes(self, zoom: int, since: Mark) -> tuple[Mark, list[Tile] | None]:
        """The cells of a zoom whose versions may have changed since a mark (None: any), and a mark of now."""
        with self._file.snapshot(), self._file.read() as connection:
            (row,) = connection.execute("SELECT coalesce(max(rowid), 0) FROM cells").fetchone()
            (line,) = connection.execute("SELECT coalesce(max(number), 0) FROM journal").fetchone()
            steps = "SELECT 1 FROM journal WHERE number > ? AND kind IN ('done', 'undone', 'redone')"
            stepped = line != since.line and connection.execute(steps, (since.line,)).fetchone()
            if since.row < 0 or row < since.row or stepped:
                return Mark(row, line), None
            query = "SELECT DISTINCT x, y FROM cells WHERE rowid > ? AND zoom = ?"
            changed = connection.execute(query, (since.row, zoom)).fetchall() if row > since.row else []
        return Mark(row, line), [Tile(zoom, x, y) for x, y in changed]

    def count(self, zoom: int) -> int:
        """How many cells of a zoom are shown."""
        query = "SELECT count(*) FROM cells WHERE zoom = ? AND shown"
        with self._file.read() as connection:
            return int(connection.execute(query, (zoom,)).fetchone()[0])

    def extent(self, zoom: int) -> Box | None:
        """The smallest box around all cells of a zoom that are shown."""
        query = "SELECT min(x), min(y), max(x) + 1, max(y) + 1 FROM cells WHERE zoom = ? AND shown"
        with self._file.read() as connection:
            ends = connection.execute(query, (zoom,)).fetchone()
        return None if ends[0] is None else Box(zoom, *ends)

    def close(self) -> None:
        """Whoever asks afterwards gets WorldNotFound; what is being read or written ends first."""
        self._file.close()


_PAINTED = "zoom, x, y, entry, version, digest, latents"


def _painted(cell: Tile, space: LatentSpace, entry: int, version: int, digest: bytes, data: bytes) -> Painted:
    """Raises WorldDamaged."""
    if digest != cell_digest(cell, entry, data):
        where = f"{cell.z}/{cell.x}/{cell.y}"
        raise WorldDamaged(f"the latents of cell {where} are damaged: their digest does not match")
    return Painted(_latents(data, space), entry, version)


def _latents(data: bytes, space: LatentSpace) -> np.ndarray:
    return np.frombuffer(data, "<f2").reshape(space.shape)


def _picture_row(entry: int, cell: Tile, known: Known) -> tuple[object, ...]:
    """A row of the table of pictures."""
    data = np.ascontiguousarray(known.latents, "<f2").tobytes()
    mask = np.packbits(known.mask).tobytes()
    return entry, *cell, cell_digest(cell, entry, mask + data), mask, data
