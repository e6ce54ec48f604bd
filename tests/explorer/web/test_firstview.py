"""What a map's page says of the land that it shows first."""

import json
import re

import pytest

from explorer.web.firstview import MOST, tiles
from tiles.grid import EARTH, Tile, tile_at


def test_a_view_is_the_tiles_under_it_those_in_the_middle_first(world):
    side = EARTH / 2**8
    found = tiles(world, f"8/{round(side / 2)}/{round(side / -2)}/512x300")
    assert found[0] == Tile(8, 128, 128)  # whose middle that is
    assert sorted(found) == [Tile(8, x, y) for x in (127, 128, 129) for y in (127, 128, 129)]


def test_a_view_without_a_place_is_of_home(world):
    home = tile_at(*world.home, world.base_zoom)
    assert home in tiles(world, "100x100") and home in tiles(world, "1440x900")


@pytest.mark.parametrize(
    "view", ["", "x", "0/0/100x100", "23/0/0/10x10", "8/0/0", "8/0/0/9999x9999", "8/0/0/0x10<"]
)
def test_what_is_no_view_has_no_tiles(world, view):
    assert tiles(world, view) == []


def test_no_view_has_more_tiles_than_a_screen(world):
    assert 100 < len(tiles(world, "8/0/0/3840x2160")) <= MOST


@pytest.mark.parametrize("far", [10**14, -(10**14)])
def test_a_view_beyond_all_land_is_a_map_as_any(client, world, far):
    answer = client.get(f"/worlds/{world.id}/map", params={"view": f"22/{far}/{far}/600x600"})
    assert answer.status_code == 200 and 'as="image"' not in answer.text


def test_painted_tiles_are_asked_for_with_the_page_and_kept(client, world):
    for x in (127, 128, 129):
        client.get(f"/worlds/{world.id}/tiles/8/{x}/128.webp?wait=60")
    page = client.get(f"/worlds/{world.id}/map", params={"view": "8/100000/-100000/900x900"}).text
    asked = re.findall(r'<link rel="preload" as="image" href="\.\./\.\./([^"]+)">', page)
    known = json.loads(re.search(r'"known": (\[.*?\]\])', page)[1])
    assert len(asked) == len(known) >= 3
    assert {(8, 127, 128), (8, 128, 128), (8, 129, 128)} <= {tuple(row[:3]) for row in known}
    for address, (z, x, y, revision) in zip(asked, known):
        assert address == f"worlds/{world.id}/tiles/{z}/{x}/{y}.webp?v={world.stamp}.{revision}"
        answer = client.get(f"/{address}")
        assert answer.status_code == 200 and answer.headers["x-revision"] == str(revision)
    assert "immutable" in client.get(f"/{asked[0]}").headers["cache-control"]
    assert 'as="image"' not in client.get(f"/worlds/{world.id}/map").text
