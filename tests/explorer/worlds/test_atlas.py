import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.standin import OneModel, StandIn
from explorer.models.library import Library
from explorer.painting.schedule import next_cells
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.bundles import build_bundle
from tests.disks import change
from tiles import package
from tiles.errors import BadSetting, ModelRefused, WorldHeld, WorldNotFound
from tiles.grid import tile_at


def test_ids_are_made_of_names_and_never_taken_twice(atlas):
    made = [atlas.create(NewWorld(name, "coast")).id for name in ("Åland 1", "Åland 1", "日本", "a" * 80)]
    assert made == ["aland-1", "aland-1-2", "world", "a" * 48]
    assert atlas.names() == sorted(made)


def test_a_world_is_the_same_after_a_restart(atlas, library):
    made = atlas.create(NewWorld("Mine", "coast", seed=5, base_zoom=7, home=(1e6, -2e6), sketch=1))
    atlas.close()
    again = Atlas(atlas.folder, library, 2**20)
    found = again.get("mine")
    assert (found.seed, found.base_zoom, found.home, found.pyramid) == (5, 7, (1e6, -2e6), made.pyramid)
    assert found.journal.prompt == "coast" and found.created == made.created
    again.close()


@pytest.mark.parametrize("sketch", [0, 2, 3])
def test_the_first_tile_at_home_needs_two_windows_at_most(atlas, sketch):
    world = atlas.create(NewWorld("Quick", "coast", sketch=sketch))
    home, painted = tile_at(*world.home, world.base_zoom), set()
    while cells := next_cells([home], world.pyramid, painted.__contains__, 1):
        painted.update(cells)
    assert len(painted) == (2 if sketch else 1)
    assert abs(home.x - 128) <= 4 and abs(home.y - 128) <= 4


def test_what_is_damaged_or_foreign_is_left_out_of_the_list(atlas):
    atlas.create(NewWorld("Good", "coast"))
    (atlas.folder / "UPPER").mkdir()
    (atlas.folder / "empty").mkdir()
    (atlas.folder / "file").write_text("x")
    assert atlas.names() == ["good"]
    for id in ("UPPER", "empty", "file", "", ".", ".."):
        with pytest.raises(WorldNotFound):
            atlas.get(id)


def test_zooms_a_model_does_not_know_are_refused_in_words(atlas):
    with pytest.raises(
        BadSetting, match=r"it may be 2 .*, 5 \(4,892 m per pixel\), 6 .*, 8 \(611 m per pixel\)"
    ):
        atlas.create(NewWorld("x", "coast", base_zoom=17))


def test_other_weights_are_noted_in_the_journal_and_keep_what_is_painted(tmp_path, painter):
    import torch

    folder = build_bundle(tmp_path / "model")
    atlas = Atlas(tmp_path / "worlds", Library(str(folder), "cpu"), 2**24)
    world = atlas.create(NewWorld("Land", "coast", seed=1))
    home = tile_at(*world.home, world.base_zoom)
    painter.ask(world, home).result(120)
    before = world.store.read(home).latents.tobytes()
    painter.forget(world)
    atlas.close()
    build_bundle(folder, steps=3)
    torch.manual_seed(1)
    atlas = Atlas(tmp_path / "worlds", Library(str(folder), "cpu"), 2**24)
    again = atlas.get("land")
    assert [entry.kind for entry in again.store.journal()] == ["prompt", "model"]
    assert again.store.read(home).latents.tobytes() == before and again.journal.prompt == "coast"
    atlas.close()


def test_unpacking_one_world_keeps_nobody_from_another(atlas, world, monkeypatch):
    """Nor from making one."""
    packed = atlas.scratch.new("x.earth")
    world.pack(packed)
    begun, go = threading.Event(), threading.Event()
    unpack = package.unpack

    def slow(*arguments):
        begun.set()
        assert go.wait(60)
        return unpack(*arguments)

    monkeypatch.setattr(package, "unpack", slow)
    with ThreadPoolExecutor(2) as threads:
        unpacked = threads.submit(atlas.unpack, packed)
        assert begun.wait(60)
        others = threads.submit(lambda: (atlas.get(world.id), atlas.create(NewWorld("Other", "sand"))))
        try:
            assert others.result(60)[0] is world
        finally:
            go.set()
        assert unpacked.result(60).id == "test-land-2"


def test_a_world_is_opened_once_however_many_ask(atlas, world, library):
    other = Atlas(atlas.folder, library, 2**24)
    with ThreadPoolExecutor(8) as threads:
        seen = set(threads.map(lambda _: other.get(world.id), range(64)))
    assert len(seen) == 1
    other.close()


def test_one_odd_world_is_left_out_and_told_of_once(atlas, library, caplog):
    for name in ("Good", "Odd"):
        atlas.create(NewWorld(name, "coast"))
    atlas.close()
    (atlas.folder / "odd" / "world.db").write_bytes(b"not a database")
    again = Atlas(atlas.folder, library, 2**24)
    for _ in range(3):
        assert [world.id for world in again.summaries()] == ["good"]
    assert sum("odd is left out" in record.message for record in caplog.records) == 1
    again.close()


def test_a_folder_in_place_of_the_cache_is_survived(atlas, library, painter):
    world = atlas.create(NewWorld("Land", "coast"))
    atlas.close()
    (atlas.folder / "land" / "tiles.mbtiles").unlink(missing_ok=True)
    (atlas.folder / "land" / "tiles.mbtiles").mkdir()
    again = Atlas(atlas.folder, library, 2**24)
    assert [summary.id for summary in again.summaries()] == ["land"]
    world = again.get("land")
    home = tile_at(*world.home, world.base_zoom)
    painter.ask(world, home).result(120)
    assert world.renderer.tile(home, "png").data
    painter.forget(world)
    again.close()


def test_a_link_is_no_world(atlas, world, tmp_path):
    (atlas.folder / "link").symlink_to(atlas.folder / world.id)
    assert atlas.names() == [world.id]
    with pytest.raises(WorldNotFound):
        atlas.get("link")


@pytest.fixture
def retrained():
    """The library of the stand-in after its training went on: the same name, other weights."""
    model = StandIn()
    model.traits = model.traits._replace(digest="1" * 32)
    return OneModel(model)


def test_a_world_file_of_other_weights_is_refused_by_name_and_taken_only_where_that_is_welcome(
    tmp_path, standin, retrained
):
    atlas, here = Atlas(tmp_path / "a", standin, 2**24), Atlas(tmp_path / "b", retrained, 2**24)
    file = atlas.scratch.new("x.earth")
    atlas.create(NewWorld("Land", "coast", seed=1)).pack(file)
    with pytest.raises(
        ModelRefused, match=r"painted by stand-in with the weights 000000000000; here .* 111111"
    ):
        here.unpack(file)
    assert here.names() == []
    world = here.unpack(file, other_weights=True)
    assert [line.kind for line in world.store.journal()] == ["prompt", "model"]
    assert atlas.unpack(file).id == "land-2"
    atlas.close()
    here.close()


def test_a_tile_decoded_by_other_weights_is_never_shown(atlas, standin, retrained, painter):
    """Not even where the app ended between noting them and dropping the cache."""
    folder = atlas.folder.parent / "own"
    before = Atlas(folder, standin, 2**24)
    world = before.create(NewWorld("Land", "coast"))
    home, stamp = tile_at(*world.home, world.base_zoom), world.stamp
    painter.ask(world, home).result(60)
    world.renderer.tile(home, "png")
    painter.forget(world)
    world.store.change_settings(digest="1" * 32)
    before.close()
    after = Atlas(folder, retrained, 2**24)
    again = after.get("land")
    assert again.renderer.cached(home, "png") is None and again.renderer.tile(home, "png") is not None
    assert again.stamp != stamp
    after.close()


def test_a_world_made_again_under_its_old_id_has_a_stamp_of_its_own(atlas, tmp_path):
    world = atlas.create(NewWorld("Land", "coast", seed=1))
    world.pack(tmp_path / "land.earth")
    stamp = world.stamp
    atlas.delete("land")
    again = atlas.unpack(tmp_path / "land.earth")
    assert (again.id, again.created) == ("land", world.created) and again.stamp != stamp


def test_damaged_land_is_painted_again_as_the_same_bytes(atlas, world, painter, library):
    home = tile_at(*world.home, world.base_zoom)
    painter.ask(world, home).result(60)
    before, stamp = world.renderer.tile(home, "png").data, world.stamp
    painter.forget(world)
    path = world.store.path
    change(path, "UPDATE cells SET latents = zeroblob(8192) WHERE zoom = ? AND x = ? AND y = ?", home)
    assert [damage.place for damage in atlas.check(world.id)] == [
        f"cell {home.z}/{home.x}/{home.y} of line 1"
    ]
    assert len(atlas.repair(world.id)) == 1 and atlas.check(world.id) == []
    again = atlas.get(world.id)
    assert again.renderer.tile(home, "png") is None and again.stamp != stamp
    painter.ask(again, home).result(60)
    assert again.renderer.tile(home, "png").data == before
    painter.forget(again)


def test_a_world_that_another_process_paints_is_not_repaired(atlas, world, library):
    other = Atlas(atlas.folder, library, 2**24)
    world.journal.set_prompt("sand")
    with pytest.raises(WorldHeld):
        other.repair(world.id)
    other.close()
