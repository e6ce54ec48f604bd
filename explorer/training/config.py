"""Settings of training runs: one TOML file for each part."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from explorer.resources import asset
from tiles.errors import BadSetting

SHIPPED = asset("training")


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]


class Sources(Strict):
    """Where crops come from."""

    shares: Annotated[dict[str, Weight], Field(min_length=1)]  # of each source, relative to the others
    halved: Share  # of crops are of pictures at half their size


class Config(Strict):
    """Settings that every run has."""

    name: ClassVar[str]  # of its file

    batch: Annotated[int, Field(ge=2, multiple_of=2)]  # some losses turn half of it
    peak: Annotated[float, Field(gt=0, le=1)]  # highest learning rate
    decay: Annotated[float, Field(ge=0, lt=1)]  # of the average of weights

    @classmethod
    def of_run(cls, out: Path, path: Path | None) -> Self:
        """The settings of the run in ``out``, which keeps them there. A fresh run takes those in ``path``, or
        the ones that terra was trained with. Raises BadSetting, also if ``path`` says something else than a
        run that is continued."""
        own, source = out / "config.toml", path or SHIPPED / f"{cls.name}.toml"
        asked = cls.read(source)
        if not own.exists():
            out.mkdir(parents=True, exist_ok=True)
            part = out / f"config.{os.getpid()}.part"
            part.write_bytes(source.read_bytes())
            part.replace(own)
        elif path and cls.read(own) != asked:
            raise BadSetting(
                f"{path}: the run in {out} began with other settings, {own}; choose another folder"
            )
        return cls.read(own)

    @classmethod
    def read(cls, path: Path) -> Self:
        """The settings in one file. Raises BadSetting."""
        try:
            return cls.model_validate(tomllib.loads(path.read_text()))
        except OSError as error:
            raise BadSetting(f"{path}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadSetting(f"{path} is not TOML: {error}") from error
        except ValidationError as error:
            first = error.errors()[0]
            where, allowed = ".".join(map(str, first["loc"])), ", ".join(sorted(cls.model_fields))
            raise BadSetting(f"{path}: {where}: {first['msg']}; the settings are {allowed}") from error


class AutoencoderConfig(Config):
    name = "autoencoder"

    widths: tuple[Count, Count, Count]  # channels of the decoder's levels, coarsest first
    blocks: tuple[Count, Count, Count]  # of each level
    started_peak: Annotated[float, Field(gt=0, le=1)]  # peak of a run with --start
    crop: Annotated[int, Field(ge=32, multiple_of=16)]  # px
    latent_noise: Weight  # at most, of latents before they are decoded
    shrunk: Share  # of batches, that decode to a smaller picture
    sources: Sources


class DetailConfig(Config):
    name = "detail"

    channels: Count  # of detail, beside the four coarse ones
    last: Count  # channels the decoder draws with
    heard: Weight  # scale of the new weights that read detail, when a run begins
    crop: Annotated[int, Field(ge=32, multiple_of=16)]  # px
    latent_noise: Weight  # at most, of latents before they are decoded
    shrunk: Share  # of batches, that decode to a smaller picture
    sources: Sources


class DetailPainterConfig(Config):
    name = "detail-painter"

    width: Annotated[int, Field(ge=16)]  # channels
    blocks: Annotated[
        int, Field(ge=1, le=8)
    ]  # each sees two latents further; a tile has a ring of 32 around it
    started_peak: Annotated[float, Field(gt=0, le=1)]  # of a run with --start or --teacher
    fresh: Count  # pictures encoded anew for each batch
    kept: Count  # encoded pieces that are kept to be drawn again
    repainted: Share  # of pieces have coarse latents as the denoiser paints them
    denoiser_steps: Count  # of that denoiser
    denoiser_shift: Annotated[float, Field(gt=0)]
    teacher_steps: Count  # of the teacher, for each step of the student
    sources: Sources


class PolishWeights(Strict):
    """Weights of the parts of the loss."""

    fine: Weight  # distance at full size
    half: Weight  # distance at half size
    form: Weight  # distance at a quarter of the size, where the latents know what lies where
    texture: Weight
    strength: Weight
    even: Weight
    mesh: Weight
    repeated: Weight
    critic: Weight
    steepness: Weight


class PolishConfig(Config):
    name = "polish"

    sources: Sources
    waves: tuple[float, ...]  # what the decoder sees of latents
    grain: Weight  # how fast its noise changes with latents
    last: Count  # channels it draws with
    latent_noise: Weight  # at most
    weights: PolishWeights


class TextConfig(Config):
    name = "text"

    anchor: Weight  # how much it counts, in a run with --start, that captions stay where they were
    same_scene: Share  # of a target, shared by all pictures of its scene: they are no negatives
    shares: Annotated[dict[str, Weight], Field(min_length=1)]  # of each source, relative to the others


class DenoiserConfig(Config):
    name = "denoiser"

    widths: tuple[Count, Count, Count]  # channels, finest level first
    small: Annotated[int, Field(ge=16, multiple_of=8)]  # latents a side of the first windows
    small_share: Share  # of the time is spent on small windows, which are drawn twice as fast
    started_small_share: Share  # the same of a run with --start, which knows land already
    started_peak: Annotated[float, Field(gt=0, le=1)]
    aerial_share: Share  # of windows are quilts


class DistillConfig(Config):
    name = "distill"

    steps: Count  # calls of the student for a window
    substeps: Count  # of the teacher, in each of these
    shift: Annotated[float, Field(gt=0)]  # of times, towards noise
    guidance_scale: Annotated[float, Field(ge=1)]  # of the teacher, folded into the student
    guided_above: Share  # times at which prompts guide the teacher
    autoguidance_scale: Annotated[float, Field(ge=1)]  # of the teacher, away from a worse denoiser
    own_share: Share  # of windows begin a piece where the student got to by itself
    aerial_share: Share
