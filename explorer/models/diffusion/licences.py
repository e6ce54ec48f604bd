"""Licences of models that are known to be more than their cards say in one word. Pure."""

from __future__ import annotations

CONTRADICTING = {
    "text2earth": "its makers contradict themselves: Apache-2.0 on the hub, MIT (academic) in their README",
}


def known_licence(name: str, stated: str) -> str:
    """The licence of the model called ``name``, whose card has ``stated``.

    >>> known_licence("MVRL/GeoSynth", "apache-2.0")
    'apache-2.0'
    >>> known_licence("lcybuaa/Text2Earth-inpainting@main", "apache-2.0")[:27]
    'its makers contradict thems'
    """
    own = name.partition("@")[0].rpartition("/")[2].lower().removesuffix("-inpainting")
    return CONTRADICTING.get(own, stated)
