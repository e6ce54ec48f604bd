"""``evaluate``: scores of a model, on places that training never saw or as the field does it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from typer.core import TyperGroup

from explorer.cli.options import Device
from explorer.cli.session import fetched, settings_with
from explorer.terminal import console, progress, stages
from explorer.training.commands import Data
from tiles.errors import BadSetting

USUAL = "places"


class Evaluations(TyperGroup):
    """The evaluations; without a name it is that of places."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = bool(args) and (args[0] in self.commands or args[0] == "--help")
        return super().parse_args(ctx, args if named else [USUAL, *args])


app = typer.Typer(cls=Evaluations, help="Score a model; without a command on places that training never saw.")


def _file(path: Path | None) -> Path | None:
    """Raises BadSetting if a file that is to be read does not exist."""
    if path is not None and not path.is_file():
        raise BadSetting(f"there is no file {path}")
    return path


def _weights(help: str) -> Any:
    return typer.Option(help=f"{help}, as safetensors", callback=_file)


@app.command(USUAL)
def places(
    model: Annotated[str, typer.Argument(help="shipped name or folder")] = "terra",
    data: Data = Path("data"),
    count: Annotated[int, typer.Option(help="pictures to paint")] = 200,
    judge: Annotated[
        Path | None, typer.Option(help="model whose towers judge, to compare two models; without, its own")
    ] = None,
) -> None:
    """Score a model on places that training never saw."""
    from explorer.training.evaluate import evaluate as scores

    table = Table("score", model, "real pictures", "aim")
    for score in scores(Path(model), data, count, judge):
        real = "" if score.yardstick is None else f"{score.yardstick:.3f}"
        table.add_row(score.name, f"{score.value:.3f}", real, score.aim)
    console.print(table)


@app.command("rsicd")
def rsicd(
    data: Annotated[Path, typer.Argument(help="folder with RSICD, or with shards of captioned pictures")],
    model: Annotated[str, typer.Option(help="shipped name, hub's owner/name, or folder")] = "terra",
    out: Annotated[Path, typer.Option(help="folder of the painted pictures; what is there is kept")] = Path(
        "runs/rsicd"
    ),
    count: Annotated[int, typer.Option(min=0, help="real pictures of the test part; 0: all")] = 0,
    pictures: Annotated[int, typer.Option(min=1, max=100, help="painted to each of them")] = 10,
    shards: Annotated[
        str, typer.Option(help="names of shards to take, where there is no RSICD")
    ] = "ucmerced-*",
    inception: Annotated[Path | None, _weights("torchvision's Inception v3, for FID")] = None,
    resnet: Annotated[Path | None, _weights("torchvision's ResNet-18 to start the classifier from")] = None,
    clip: Annotated[Path | None, _weights("weights of open_clip's, for the CLIP score")] = None,
    clip_model: Annotated[str, typer.Option(help="its name in open_clip")] = "ViT-B-32",
    device: Device = None,
) -> None:
    """Score a model as the field does: FID, zero-shot classification, CLIP score, beside published rows."""
    from explorer.models.library import Library
    from explorer.training.rsicd import scenes
    from explorer.training.rsicd.scores import PUBLISHED, Sample, Weights, measure

    settings = settings_with(model=model, device=device)
    given = scenes.read(data, shards)
    fetched(model)
    painter = Library(model, settings.device, settings.model_options).get()
    by = Weights(inception, resnet, clip, clip_model)
    with progress() as bar:
        rows = measure(painter, given, Sample(count, pictures), by, out, stages(bar))
    table = Table("", "FID", "zero-shot, %", "CLIP", "FD-terra", title=_title(given.name, by))
    for row in (*rows, *PUBLISHED):
        figures = (row.fid, row.accuracy, row.clip, row.fd_terra)
        table.add_row(row.name, *("-" if figure is None else f"{figure:.2f}" for figure in figures))
    console.print(table)


def _title(name: str, by: Any) -> str:
    begun = "random numbers" if by.resnet is None else by.resnet.name
    other = "" if name == "RSICD" else "; the published rows are on RSICD, so they do not compare"
    return f"measured on {name}, the classifier begun from {begun}{other}"
