import numpy as np
import pytest

from benchmarks.standin import StandIn
from explorer.models.library import Library
from explorer.painting.window import paint_windows
from explorer.service.scouting import sites, with_home
from explorer.worlds.new import NewWorld, quick_home
from tiles.errors import BadPrompt, BadSetting
from tiles.grid import tile_at

COAST = NewWorld("Fjords", "rocky coast with fjords", seed=1)


def one_by_one(model, windows):
    return [paint_windows(model.paint, [window])[0] for window in windows]


class Bright:
    """Towers that find every prompt best obeyed where a picture is brightest."""

    def prompts(self, prompts):
        return np.ones((len(prompts), 1), np.float32)

    def pictures(self, pixels):
        return pixels.mean((1, 2, 3), dtype=np.float32)[:, None]


class Seeing(StandIn):
    towers = Bright()


def test_a_world_opens_where_its_prompt_is_obeyed_best():
    model = Seeing()
    found = sites(COAST, model, one_by_one)
    brightness = [site.picture.mean() for site in found]
    assert len(found) == 9 and brightness == sorted(brightness, reverse=True)
    new = with_home(COAST, model, one_by_one)
    assert new.home == found[0].home and new.seed == 1
    zoom = model.traits.base_zoom
    assert tile_at(*new.home, zoom).above(zoom - model.traits.sketch) == found[0].cell


def test_what_is_left_to_chance_is_chosen_with_the_home():
    model = Seeing()
    new = with_home(NewWorld("Any", "desert"), model, one_by_one)
    again = with_home(new._replace(home=None), model, one_by_one)
    assert new.seed is not None and again == new


def test_a_home_that_was_given_stays_and_nothing_is_painted():
    model = Seeing()
    there = COAST._replace(home=(5.0, 6.0))
    assert with_home(there, model, one_by_one) == there
    assert not model.calls


def test_a_model_that_compares_nothing_opens_in_the_middle():
    model = StandIn()
    assert with_home(COAST, model, one_by_one) == COAST
    (site,) = sites(COAST, model, one_by_one)
    assert site.home == quick_home(model.traits.base_zoom, model.traits.sketch)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [({"prompt": "\x00"}, BadPrompt), ({"seed": -1}, BadSetting), ({"base_zoom": 30}, BadSetting)],
)
def test_what_cannot_be_is_named_before_anything_is_painted(wrong, error):
    model = Seeing()
    with pytest.raises(error):
        with_home(COAST._replace(**wrong), model, one_by_one)
    assert not model.calls


def test_terra_opens_fjords_on_a_coast_and_not_inland():
    terra = Library("terra", "cpu").get()
    found = sites(COAST, terra, one_by_one)
    blue = [(site.picture[..., 2].astype(int) > site.picture[..., 0] + 30).mean() for site in found]
    assert found[0].agreement > found[-1].agreement + 0.1
    assert np.mean(blue[:3]) > 0.05 and np.mean(blue[:3]) > np.mean(blue[-3:])
