"""The painters of a cluster on the page: how many there are, and how many are lost."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from explorer.service.events import CREW
from explorer.service.executors import Crew, LocalExecutors
from tests.browser.acts import opened
from tests.browser.conftest import Server
from tiles.errors import PaintingFailed


class Crewed(LocalExecutors):
    """Paints here, and says that others do."""

    def __init__(self) -> None:
        super().__init__()
        self.there = Crew(("CPU",) * 4)

    def crew(self) -> Crew:
        return self.there


@pytest.fixture
def executors():
    return Crewed()


@pytest.fixture
def server(tmp_path, library, executors):
    server = Server(tmp_path / "worlds", library, executors)
    yield server
    server.stop()


def test_painters_that_are_lost_and_come_back_are_said(page, server, executors, watch):
    opened(page, server)
    line = page.locator("#status")
    expect(line).to_contain_text(re.compile(r"4 painters(?!,)"))
    executors.there = Crew(("CPU",) * 3, lost=1)
    server.painter.tell([CREW])
    expect(line).to_contain_text("3 painters, 1 lost")
    executors.there = Crew((), lost=4, trouble=PaintingFailed("deaf", "cluster-deaf"))
    server.painter.tell([CREW])
    expect(line).to_contain_text("0 painters, 4 lost")
    expect(line).to_contain_text("No cluster: It does not answer any more.")
    page.goto(f"{server.url}/?lang=de")
    expect(line).to_contain_text("Kein Cluster: Er antwortet nicht mehr.")
    executors.there = Crew(("CPU",) * 4)
    server.painter.tell([CREW])
    expect(line).not_to_contain_text("Kein Cluster")
    assert watch == []
