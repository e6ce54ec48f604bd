"""The settings that fit where the app runs as a Space of Hugging Face."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def space_settings(environment: Mapping[str, str]) -> dict[str, Any]:
    """Defaults in a Space, none elsewhere: reachable there, shown in the hub's page, behind its proxy,
    and a world of their own for each visitor.

    Spaces name themselves by SPACE_ID and their own host by SPACE_HOST.
    """
    if not environment.get("SPACE_ID"):
        return {}
    host = environment.get("SPACE_HOST", "").strip().lower()
    return {
        "host": "0.0.0.0",
        "allowed_hosts": [*([host] if host else []), "127.0.0.1", "localhost", "::1"],
        "frame_ancestors": ["https://huggingface.co"],
        "others_may": "visit",
        "trusted_proxies": ["127.0.0.1", "::1", "10.0.0.0/8"],
    }
