from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from benchmarks.standin import OneModel
from explorer.service.painter import Painter
from explorer.settings import Settings
from explorer.web.server import create_api
from explorer.worlds.atlas import Atlas
from tests.clients import HOSTS, local_client


@pytest.fixture
def library(standin: OneModel) -> OneModel:
    """What is asked and answered is tested here, not painting."""
    return standin


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        worlds=tmp_path / "worlds", queue_tiles=8, decode_tiles=8, upload_mb=4, allowed_hosts=HOSTS
    )


@pytest.fixture
def client(settings: Settings, atlas: Atlas, painter: Painter) -> Iterator[TestClient]:
    with local_client(create_api(settings, atlas, painter)) as client:
        yield client
