"""Worlds painted by a tiny model with random weights."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import hypothesis
import pytest

from benchmarks.standin import OneModel, StandIn
from explorer.models.library import Library
from explorer.service.jobs import Jobs
from explorer.service.painter import Painter
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from explorer.worlds.world import World
from tests.bundles import build_bundle

MEBIBYTE = 2**20
hypothesis.settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_bundle(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def tiny(bundle: Path) -> Library:
    """A library of the bundle."""
    return Library(str(bundle), "cpu")


@pytest.fixture(scope="session")
def library(tiny: Library) -> Library:
    """What worlds are painted with, if tests name nothing else."""
    return tiny


@pytest.fixture
def standin() -> OneModel:
    """A library of one model that paints at once. Tests of anything but painting itself take it as their
    ``library``."""
    return OneModel(StandIn())


@pytest.fixture
def atlas(tmp_path: Path, library: Library) -> Iterator[Atlas]:
    atlas = Atlas(tmp_path / "worlds", library, 64 * MEBIBYTE)
    yield atlas
    atlas.close()


@pytest.fixture
def world(atlas: Atlas) -> World:
    return atlas.create(NewWorld("Test land", "rocky coast", seed=1))


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    jobs = Jobs(tmp_path / "jobs")
    yield jobs
    jobs.close()


@pytest.fixture
def painter() -> Iterator[Painter]:
    painter = Painter()
    yield painter
    painter.close()
