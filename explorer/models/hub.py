"""Models from a hub: what is fetched, what it costs, and where it lies afterwards.

``huggingface_hub`` does the fetching: a download that broke off goes on where it stopped, files are shared
with other programs, and ``HF_HUB_OFFLINE``, ``HF_HOME``, ``HF_ENDPOINT`` and ``HF_TOKEN`` are respected.
"""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
from huggingface_hub import HfApi, constants, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from explorer.models.diffusion.layout import CARD, MODEL, Need
from explorer.models.diffusion.licences import known_licence
from tiles.errors import DiskFull, ModelRefused

NAMES = {
    "text2earth": "lcybuaa/Text2Earth",
    "text2earth-inpainting": "lcybuaa/Text2Earth-inpainting",
}
ID = re.compile(r"(?P<repo>[\w-][\w.-]*/[\w-][\w.-]*)(?:@(?P<revision>[\w./-]+))?")
SPARE = 2**30  # bytes of disk that must stay free


class Source(NamedTuple):
    """A model on a hub."""

    repo: str  # as in "lcybuaa/Text2Earth"
    revision: str | None = None  # a branch, tag or commit; None: the newest

    def __str__(self) -> str:
        return self.repo if self.revision is None else f"{self.repo}@{self.revision}"


class Plan(NamedTuple):
    """What fetching a model means."""

    source: Source  # its revision is a commit: it never changes
    files: dict[str, int]  # bytes of each file that is needed
    licence: str
    asked: str = "main"  # the branch, tag or commit that was asked for
    need: Need = MODEL

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(self.files.values())


def parse(name: str) -> Source | None:
    """The model on a hub that ``name`` stands for: one of ``NAMES``, or an id with or without
    ``@revision``. None if it cannot be either.

    >>> parse("text2earth"), parse("a/b@main"), parse("terra")
    (Source(repo='lcybuaa/Text2Earth', revision=None), Source(repo='a/b', revision='main'), None)
    """
    plain, _, revision = name.partition("@")
    if plain in NAMES:
        return Source(NAMES[plain], revision or None)
    match = ID.fullmatch(name)
    return Source(match["repo"], match["revision"]) if match else None


def plan(source: Source, need: Need = MODEL) -> Plan:
    """Ask the hub what a model, or another ``need``, takes. Raises ModelRefused."""
    with told(source):
        api = HfApi(endpoint=constants.ENDPOINT)
        info = api.model_info(source.repo, revision=source.revision, files_metadata=True)
    sizes = {each.rfilename: each.size or 0 for each in info.siblings or ()}
    chosen = need.choose(sizes, str(source))
    chosen += [CARD] if CARD in sizes else []  # it states the licence
    commit = source._replace(revision=info.sha)
    licence = known_licence(source.repo, licence_of(info.card_data))
    return Plan(commit, {path: sizes[path] for path in chosen}, licence, source.revision or "main", need)


def fetch(wanted: Plan) -> Path:
    """Fetch what is not here yet, with a progress bar; the folder with the model.

    Raises DiskFull before anything is fetched that has no room, and ModelRefused.
    """
    folder = Path(constants.HF_HUB_CACHE)
    folder.mkdir(parents=True, exist_ok=True)
    if cached(wanted.source, wanted.need) is None and shutil.disk_usage(folder).free < wanted.size + SPARE:
        free = shutil.disk_usage(folder).free
        raise DiskFull(
            f"{wanted.source} needs {gigabytes(wanted.size + SPARE)} in {folder}; {gigabytes(free)} are free."
            " HF_HOME names another folder"
        )
    with told(wanted.source):
        there = Path(
            snapshot_download(
                wanted.source.repo,
                revision=wanted.source.revision,
                allow_patterns=list(wanted.files),
                endpoint=constants.ENDPOINT,
            )
        )
        # What was fetched by its commit is found again by the name that was asked for, as the cache keeps it.
        name = there.parents[1] / "refs" / wanted.asked
        if wanted.asked != there.name:
            name.parent.mkdir(parents=True, exist_ok=True)
            name.write_text(there.name)
    return there


def fetched_as(name: str, folder: Path) -> Source | None:
    """The model and the commit in ``folder``, which ``name`` led to; None for any other."""
    source = parse(name)
    there = cached(source) if source else None
    if source is None or there is None or folder.resolve() != there.resolve():
        return None
    return source._replace(revision=there.name)


def cached(source: Source, need: Need = MODEL) -> Path | None:
    """The folder with a model, or another ``need``, that was fetched before and is whole; None if it has to
    be fetched."""
    try:
        # Asked for what was fetched for sure: all of a model's files are more than were.
        folder = Path(
            snapshot_download(
                source.repo, revision=source.revision, allow_patterns=list(need.marks), local_files_only=True
            )
        )
        need.choose((path.relative_to(folder).as_posix() for path in folder.rglob("*")), str(source))
    except (HFValidationError, ModelRefused, OSError):
        return None
    return folder


def gigabytes(size: int) -> str:
    """Bytes for people.

    >>> gigabytes(3_100_000_000), gigabytes(12_000_000)
    ('3.1 GB', '12 MB')
    """
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def licence_of(card: Any) -> str:
    """What a model's card says of its licence."""
    licence = getattr(card, "license", None) or (card or {}).get("license")
    if isinstance(licence, list):
        licence = ", ".join(map(str, licence))
    return str(licence) if licence else "not stated"


@contextmanager
def told(source: Source) -> Iterator[None]:
    """Turn what goes wrong with a hub into words. Raises ModelRefused, DiskFull."""
    try:
        yield
    except GatedRepoError as error:
        raise ModelRefused(
            f"{source}: its makers want to be asked first; accept their terms on its page, and set HF_TOKEN"
        ) from error
    except RevisionNotFoundError as error:
        raise ModelRefused(f"{source}: the hub has no such revision of {source.repo}") from error
    except RepositoryNotFoundError as error:
        raise ModelRefused(
            f"{source}: {constants.ENDPOINT} has no such model, or shows it to those it knows only (HF_TOKEN)"
        ) from error
    except OfflineModeIsEnabled as error:
        raise ModelRefused(f"{source} is not on this machine, and HF_HUB_OFFLINE is set") from error
    except (OSError, httpx2.HTTPError) as error:
        if getattr(error, "errno", None) == errno.ENOSPC:
            raise DiskFull(f"{source}: no room left in {constants.HF_HUB_CACHE}") from error
        why = f"cannot be fetched from {constants.ENDPOINT}: {first_line(error)}"
        raise ModelRefused(f"{source} {why}") from error


def first_line(error: Exception) -> str:
    """The first line of what an error says."""
    return str(error).strip().split("\n")[0][:200] or type(error).__name__
