"""Arguments that several commands have, and how they are read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tiles.errors import BadSetting, EarthError

WorldId = Annotated[str, typer.Argument(metavar="WORLD", help="id of the world; `worlds` lists them")]
Folder = Annotated[Path | None, typer.Option("--worlds", help="folder that holds the worlds")]
ModelName = Annotated[str | None, typer.Option("--model", help="shipped name or folder of a model")]
LevelModels = Annotated[
    list[str] | None,
    typer.Option(
        "--level-model",
        metavar="ZOOM=MODEL",
        help="another model from a zoom below the base on, as in 12=text2earth; may be given again",
    ),
]
Device = Annotated[str | None, typer.Option(help="where the model runs: auto, cpu or cuda")]
ExecutorName = Annotated[
    str | None, typer.Option("--executor", help="where windows are painted: local, or ray (docs/scale.md)")
]
RayAddress = Annotated[str | None, typer.Option(help="Ray cluster to join; without one it is started here")]
Painters = Annotated[int | None, typer.Option(help="painters of a Ray cluster; 0: as many as it holds")]
PainterCpus = Annotated[int | None, typer.Option(help="cores and threads of each painter")]
AllowMixed = Annotated[
    bool | None,
    typer.Option("--allow-mixed", help="let other kinds of machines than a world's first paint it"),
]
BoundsText = Annotated[str, typer.Option(help="west,south,east,north in metres (EPSG:3857)")]
Seed = Annotated[int | None, typer.Option(help="seed of the land; random if none is given")]


class BadOptions(EarthError):
    """What was typed, or set in the environment, cannot be read."""

    code, exit_code = "bad_options", 2


def place_of(text: str) -> tuple[float, float]:
    """``x,y`` in metres. Raises BadOptions."""
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        raise BadOptions(f"place {text[:40]!r}: x,y in metres are needed") from None
    return x, y


def zooms_of(text: str) -> list[int]:
    """``7,8``; none in an empty text. Raises BadOptions."""
    try:
        return [int(part) for part in text.split(",") if part]
    except ValueError:
        raise BadOptions(f"zoom {text[:40]!r}: whole numbers are needed, as in 8 or 7,8") from None


def level_models_of(texts: list[str]) -> tuple[tuple[int, str], ...]:
    """``12=MODEL``: the zoom from which on a model paints, and its name or folder. Raises BadOptions."""
    found = []
    for text in texts:
        zoom, _, name = text.partition("=")
        if not zoom.strip().isdecimal() or not name.strip():
            raise BadOptions(f"--level-model {text[:60]!r}: ZOOM=MODEL is needed, as in 12=text2earth")
        found.append((int(zoom), name.strip()))
    return tuple(found)


def existing_folder(path: Path) -> Path:
    """The folder that the file ``path`` is to be written in. Raises BadSetting."""
    folder = path.absolute().parent
    if not folder.is_dir():
        raise BadSetting(f"there is no folder {folder}")
    return folder
