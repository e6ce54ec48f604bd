"""The commands that train, score and pack models. Nothing but wiring."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from explorer.terminal import console
from tiles.errors import BadSetting

train = typer.Typer(
    help="Train the parts of terra. A run can be stopped at any time and continued.", no_args_is_help=True
)
models = typer.Typer(help="Inspect models, and pack trained parts as a bundle.", no_args_is_help=True)


def _there(path: Path | None) -> Path | None:
    """Raises BadSetting if a folder that is to be read does not exist."""
    if path is not None and not path.is_dir():
        raise BadSetting(f"there is no folder {path}")
    return path


def _part(help: str) -> typer.models.OptionInfo:
    """An option that names a folder which is read."""
    option: typer.models.OptionInfo = typer.Option(help=help, callback=_there)
    return option


Data = Annotated[Path, _part("folder of tar shards, or of folders of pictures and JSON")]
AutoencoderPart = Annotated[Path, _part("trained autoencoder")]
TextPart = Annotated[Path, _part("trained text tower")]
ImagesPart = Annotated[Path, _part("trained image tower, which scores what is painted")]
DenoiserPart = Annotated[Path, _part("trained denoiser")]
Out = Annotated[Path, typer.Option(help="folder of the run; an unfinished run there is continued")]
Minutes = Annotated[float, typer.Option(help="length of the run, over all restarts")]
Configured = Annotated[
    Path | None, typer.Option(help="TOML file of settings; by default the one in assets/training")
]


@train.command("autoencoder")
def train_autoencoder(
    data: Data,
    out: Out = Path("runs/autoencoder"),
    minutes: Minutes = 60,
    config: Configured = None,
    start: Annotated[
        Path | None, _part("autoencoder whose weights a fresh run begins from; by default none")
    ] = None,
) -> None:
    """Train the autoencoder: pictures to latents and back. The first step; all others need it."""
    from explorer.training import autoencoder
    from explorer.training.config import AutoencoderConfig

    settings = AutoencoderConfig.of_run(out, config)
    autoencoder.train(data, out, minutes, settings, start)


@train.command("detail")
def train_detail(
    data: Data,
    out: Out = Path("runs/detail"),
    minutes: Minutes = 60,
    config: Configured = None,
    start: Annotated[Path, _part("autoencoder to extend; its own channels stay as they are")] = Path(
        "runs/autoencoder/model"
    ),
) -> None:
    """Add channels of detail that four channels cannot hold. After the autoencoder."""
    from explorer.training import detail
    from explorer.training.config import DetailConfig

    settings = DetailConfig.of_run(out, config)
    detail.train(data, start, out, minutes, settings)


@train.command("detail-painter")
def train_detail_painter(
    data: Data,
    out: Out = Path("runs/detail-painter"),
    minutes: Minutes = 60,
    config: Configured = None,
    autoencoder: Annotated[Path, _part("trained autoencoder that has detail")] = Path("runs/detail/model"),
    denoiser: Annotated[
        Path | None, _part("denoiser of the coarse channels: detail is also learned on land as it paints it")
    ] = None,
    start: Annotated[
        Path | None, _part("painter whose weights a fresh run begins from; by default none")
    ] = None,
    teacher: Annotated[Path | None, _part("painter of many steps, to be distilled into one step")] = None,
) -> None:
    """Train the painter of detail; with --teacher, in one step. After `detail`."""
    from explorer.training import detail_painter
    from explorer.training.config import DetailPainterConfig

    settings = DetailPainterConfig.of_run(out, config)
    detail_painter.train(data, autoencoder, out, minutes, settings, denoiser, start, teacher)


@train.command("cut")
def cut_pictures(
    pictures: Annotated[
        list[Path], typer.Argument(help="GeoTIFFs of any bands; PNG, JPEG and WebP with --zoom")
    ],
    caption: Annotated[str, typer.Option(help="what they show")],
    out: Annotated[Path, typer.Option(help="folder; its name must begin with mosaic-")],
    cls: Annotated[str, typer.Option(help="a class of assets/prompts/grammar.json, if one fits")] = "",
    licence: Annotated[str, typer.Option(help="licence of the pictures; empty: they are your own")] = "",
    zoom: Annotated[
        int | None, typer.Option(help="by default the zoom nearest to their own resolution")
    ] = None,
) -> None:
    """Cut your own GeoTIFFs into training data."""
    from explorer.training.imagery import Label, cut

    for picture in pictures:
        made = cut(picture, out, Label(caption, cls, licence), zoom)
        print(f"{picture}: {len(made)} mosaics, the first is {made[0].name}")


@train.command("pieces")
def cut_shards(
    data: Data,
    out: Annotated[Path, typer.Option(help="folder for the pieces")],
    megabytes: Annotated[float, typer.Option(help="largest size of a piece")] = 55,
) -> None:
    """Split shards into smaller ones, to carry them to another machine."""
    from explorer.training.imagery import pieces

    for path in pieces(data, out, int(megabytes * 10**6)):
        print(f"{path}: {path.stat().st_size:,} bytes")


@train.command("polish")
def train_polished(
    data: Data,
    out: Out = Path("runs/polished"),
    minutes: Minutes = 60,
    config: Configured = None,
    autoencoder: AutoencoderPart = Path("runs/autoencoder/model"),
    bundle: Annotated[
        Path | None, _part("bundle with the same latents: the decoder also learns on land that it paints")
    ] = None,
    start: Annotated[
        Path | None, _part("polished autoencoder that a fresh run begins from; by default AUTOENCODER")
    ] = None,
) -> None:
    """Teach the decoder texture, with a critic. The latents stay as they are."""
    from explorer.training import polish
    from explorer.training.config import PolishConfig

    settings = PolishConfig.of_run(out, config)
    polish.train(data, autoencoder, out, minutes, settings, bundle, start)


@train.command("text")
def train_text(
    data: Data,
    out: Out = Path("runs/text"),
    minutes: Minutes = 12,
    config: Configured = None,
    start: Annotated[
        Path | None, _part("bundle whose towers a fresh run begins from, so that its denoiser still fits")
    ] = None,
) -> None:
    """Train the text tower: prompts to vectors, against an image tower."""
    from explorer.training import text
    from explorer.training.config import TextConfig

    settings = TextConfig.of_run(out, config)
    text.train(data, out, minutes, settings, start=start)


@train.command("denoiser")
def train_denoiser(
    data: Data,
    out: Out = Path("runs/denoiser"),
    minutes: Minutes = 120,
    config: Configured = None,
    autoencoder: AutoencoderPart = Path("runs/autoencoder/model"),
    text: TextPart = Path("runs/text/text"),
    start: Annotated[
        Path | None, _part("denoiser whose weights a fresh run begins from; by default none")
    ] = None,
) -> None:
    """Train the denoiser: noise to land. After the autoencoder and the text tower."""
    from explorer.training import denoiser
    from explorer.training.config import DenoiserConfig

    settings = DenoiserConfig.of_run(out, config)
    denoiser.train(data, autoencoder, text, out, minutes, settings, start=start)


@train.command("distill")
def train_distilled(
    data: Data,
    out: Out = Path("runs/distilled"),
    minutes: Minutes = 30,
    config: Configured = None,
    autoencoder: AutoencoderPart = Path("runs/autoencoder/model"),
    text: TextPart = Path("runs/text/text"),
    denoiser: DenoiserPart = Path("runs/denoiser/model"),
    worse: Annotated[Path | None, _part("a worse denoiser, to guide the teacher away from")] = None,
    earlier: Annotated[
        Path | None, _part("student that the teacher was trained on from; a fresh run begins between both")
    ] = None,
) -> None:
    """Distil the denoiser to few steps without guidance. The last step."""
    from explorer.training import distill
    from explorer.training.config import DistillConfig

    settings = DistillConfig.of_run(out, config)
    distill.train(data, autoencoder, text, denoiser, out, minutes, settings, worse, earlier)


@models.command("pack")
def pack_model(
    out: Annotated[Path, typer.Argument(help="folder for the bundle")],
    autoencoder: AutoencoderPart = Path("runs/autoencoder/model"),
    text: TextPart = Path("runs/text/text"),
    images: ImagesPart = Path("runs/text/images"),
    denoiser: DenoiserPart = Path("runs/denoiser/model"),
    detail: Annotated[Path | None, _part("painter of one step, where the autoencoder has detail")] = None,
    steps: Annotated[
        int | None, typer.Option(help="steps of the sampler: calls of the denoiser for one window")
    ] = None,
    guidance_scale: Annotated[
        float | None, typer.Option(help="1: no guidance, one call for each step")
    ] = None,
) -> None:
    """Put trained parts together as a bundle; prints its folder."""
    from explorer.training.pack import pack

    options = {"steps": steps, "guidance_scale": guidance_scale}
    given = {name: value for name, value in options.items() if value is not None}
    print(pack(autoencoder, text, images, denoiser, out, detail, **given))


@models.command("blend")
def blend_decoders(
    first: Annotated[Path, typer.Argument(help="autoencoder, or denoiser", callback=_there)],
    second: Annotated[
        Path,
        typer.Argument(
            help="one that was polished or trained on from FIRST, or from the same one", callback=_there
        ),
    ],
    out: Annotated[Path, typer.Argument(help="folder for the blended one")],
    share: Annotated[float, typer.Option(help="how far to go from FIRST to SECOND, 0 to 1")] = 0.5,
) -> None:
    """Blend the decoders of two autoencoders, or two denoisers; prints the new folder."""
    from explorer.training.blend import blend

    print(blend(first, second, out, share))


@models.command("show")
def show_model(model: Annotated[str, typer.Argument(help="shipped name or folder")] = "terra") -> None:
    """Show what a model is and can do."""
    from explorer.models.library import Library

    traits = Library(model).get().traits
    for name, value in traits._asdict().items():
        console.print(f"{name}: {value}", highlight=False)
