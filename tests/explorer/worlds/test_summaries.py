import pytest

from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from explorer.worlds.summaries import summary_of
from tiles import entries, journal, world_file
from tiles.grid import Tile


@pytest.fixture
def library(standin):
    return standin


@pytest.fixture
def made(atlas, painter):
    """The ids of twelve worlds, one of them painted, all of them closed."""
    made = [atlas.create(NewWorld(f"World {number:02}", "coast", seed=number)).id for number in range(12)]
    painter.paint(atlas.get(made[0]), [Tile(8, 1, 1)]).result(60)
    painter.forget(atlas.get(made[0]))
    atlas.close()
    return made


@pytest.fixture
def again(atlas, made, library):
    again = Atlas(atlas.folder, library, 2**24)
    yield again
    again.close()


@pytest.fixture
def opened(monkeypatch):
    """The names of the worlds whose files were opened."""
    opened, own = [], world_file.WorldFile.open.__func__

    def noted(cls, path, readonly=False):
        opened.append(path.parent.name)
        return own(cls, path, readonly)

    monkeypatch.setattr(world_file.WorldFile, "open", classmethod(noted))
    return opened


def test_a_list_opens_no_world_and_reads_each_file_once(again, made, opened):
    assert [summary.id for summary in again.summaries()] == made
    assert again.opened() == [] and opened == made
    opened.clear()
    assert [summary.id for summary in again.summaries()] == made and opened == []


def test_what_changed_is_read_anew_whoever_changed_it(again, made, library, opened):
    list(again.summaries())
    other = Atlas(again.folder, library, 2**24)
    other.get(made[3]).journal.set_prompt("sand desert")
    other.get(made[4]).rename("Sahara")
    opened.clear()
    seen = {summary.id: summary for summary in again.summaries()}
    assert sorted(opened) == made[3:5]
    assert seen[made[3]].prompt == "sand desert" and seen[made[3]].entries == 2
    assert seen[made[4]].name == "Sahara"
    assert seen[made[3]].readonly and not seen[made[5]].readonly
    other.delete(made[3])
    other.close()
    left = {summary.id: summary for summary in again.summaries()}
    assert list(left) == [id for id in made if id != made[3]] and not left[made[4]].readonly


def test_a_summary_says_what_the_open_world_says(again, made):
    closed = {summary.id: summary for summary in again.summaries()}
    for id in made[:2]:
        told = summary_of(again.get(id))
        assert told._replace(cache_bytes=0) == closed[id]._replace(cache_bytes=0)
    assert closed[made[0]].cells > 0 and closed[made[1]].cells == 0


def test_who_lists_takes_no_lock(again, made, library):
    list(again.summaries())
    other = Atlas(again.folder, library, 2**24)
    other.get(made[0]).journal.set_prompt("sand")  # would fail if the list had kept the lock
    other.close()


def test_an_edit_that_waits_is_seen_without_opening_its_world(again, made):
    world = again.get(made[0])
    cells = journal.outline([Tile(8, 1, 1)])
    edit = {"prompt": "snow", "negative_prompt": "", "strength": 1.0, "seed": 1, "picture": False}
    world.journal.begin_edit(entries.Edit(cells=cells, **edit))
    assert [summary.id for summary in again.summaries() if summary.waiting] == [made[0]]
    again.close()
    assert [summary.id for summary in again.summaries() if summary.waiting] == [made[0]]
