"""What the page's controls do with worlds."""

from types import SimpleNamespace

import gradio as gr
import pytest

from explorer.web.handlers import Handlers, seed_of
from tiles.errors import BadSetting


def asked_by(role: str, language: str = "en") -> SimpleNamespace:
    """A request of somebody who may do so much."""
    state = SimpleNamespace(role=role)
    return SimpleNamespace(state=state, headers={}, cookies={}, query_params={"lang": language})


@pytest.fixture
def handlers(atlas, painter, world):
    return Handlers(atlas, painter)


def test_who_may_only_look_changes_nothing(handlers):
    visitor = asked_by("view")
    for act in (
        lambda: handlers.create("New", "coast", "", 8, "stand-in", visitor),
        lambda: handlers.set_prompt("test-land", "desert", visitor),
        lambda: handlers.delete("test-land", visitor),
    ):
        with pytest.raises(gr.Error, match="EARTH_OTHERS_MAY"):
            act()
    assert handlers.atlas.names() == ["test-land"]
    assert handlers.atlas.get("test-land").journal.prompt != "desert"


def test_a_model_that_is_not_here_is_named(handlers):
    with pytest.raises(gr.Error, match="no model 'elsewhere' here; known are"):
        handlers.create("New", "coast", "", 8, "elsewhere", asked_by("edit"))
    with pytest.raises(gr.Error, match="no model 'elsewhere' here; known are"):
        handlers.zooms_of("elsewhere", 8, asked_by("edit"))
    assert handlers.atlas.names() == ["test-land"]


def test_the_zooms_of_a_model_keep_the_chosen_one_where_it_is_known(handlers):
    offered = handlers.zooms_of("stand-in", 5, asked_by("edit", "de"))
    assert offered["value"] == 5 and offered["choices"][0] == ("Landschaften, 611 m (Zoom 8)", 8)
    assert handlers.zooms_of("stand-in", 19, asked_by("edit"))["value"] == 8


def test_the_question_names_the_world_and_what_goes_with_it(handlers, world):
    _, question, doomed = handlers.ask_to_delete("test-land", asked_by("edit"))
    assert world.name in question and "tiles: 0" in question and doomed == "test-land"
    _, question, _ = handlers.ask_to_delete("test-land", asked_by("edit", "de"))
    assert question.startswith(f"\u201e{world.name}\u201c") and "Kacheln: 0" in question


def test_a_world_that_is_gone_is_answered_with_another_one(handlers):
    assert handlers.show("nowhere", asked_by("view")).chosen == "test-land"
    handlers.delete("test-land", asked_by("edit"))
    shown = handlers.show("test-land", asked_by("view"))
    assert shown.chosen == "" and shown.prompt == ""


@pytest.mark.parametrize("typed", ["1.7", "-1", "1e3", "٣", "seed", "1" * 20])
def test_a_seed_that_is_no_whole_number_is_refused(typed):
    with pytest.raises(BadSetting, match="whole number"):
        seed_of(typed)


def test_a_seed_is_read_exactly_and_none_is_drawn():
    assert seed_of(" 9007199254740993 ") == 9007199254740993
    assert seed_of("") is None
