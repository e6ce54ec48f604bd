import itertools

import pytest

from explorer.models.family import Traits, nearest_zoom, sketch_for

TRAITS = Traits("any", "00", 4, 8, 8, 6, 1, 4, 2, (5, 6, 7, 8, 18, 19), 8, "CC0-1.0")


@pytest.mark.parametrize(("zoom", "less"), [(8, 2), (7, 2), (6, 1), (5, 0), (19, 1), (18, 0)])
def test_a_sketch_lies_at_a_zoom_that_the_model_knows(zoom, less):
    assert sketch_for(zoom, TRAITS) == less


GROUPS = ((5, 6, 7, 8), (10, 11, 12, 13, 14), (17,), (18, 19))


@pytest.mark.parametrize(
    ("zoom", "less"),
    [(8, 2), (6, 1), (9, 2), (10, 0), (11, 1), (14, 2), (15, 2), (16, 0), (17, 0), (18, 0), (19, 1)],
)
def test_a_sketch_lies_at_a_zoom_that_was_learned_from_the_same_pictures(zoom, less):
    traits = TRAITS._replace(zooms=tuple(itertools.chain(*GROUPS)), zoom_groups=GROUPS)
    assert sketch_for(zoom, traits) == less


def test_a_model_that_likes_no_sketch_gets_none():
    assert sketch_for(8, TRAITS._replace(sketch=0)) == 0


def test_a_model_is_told_the_nearest_zoom_that_it_knows():
    told = [nearest_zoom(zoom, TRAITS.zooms) for zoom in (3, 5, 8, 9, 13, 14, 19, 20)]
    assert told == [5, 5, 8, 8, 8, 18, 19, 19]
    assert [nearest_zoom(zoom, TRAITS.zooms, shown=False) for zoom in (3, 4, 6)] == [3, 4, 6]  # sketches
