"""Examples and words for prompts."""

from __future__ import annotations

from explorer.models.family import PromptReport


def test_words_fit_the_zoom_and_are_known(client, world, monkeypatch):
    far = client.get("/worlds/test-land/words").json()
    near = client.get("/worlds/test-land/words?zoom=18").json()
    assert "coast" in far["things"] and "harbor" not in far["things"] and "a river" in far["details"]
    assert "harbor" in near["things"] and "coast" not in near["things"] and near["details"] == []
    assert "rocky" in far["kinds"] and len(far["kinds"]) == len(set(far["kinds"]))
    assert "harbor with boats" in near["examples"] and far["examples"] != near["examples"]
    unknown = lambda text: PromptReport("", ("coast",) if "coast" in text else ())  # noqa: E731
    monkeypatch.setattr(world.model, "read_prompt", unknown)
    known = client.get("/worlds/test-land/words").json()
    assert "coast" not in known["things"] and "islands" in known["things"] and known["examples"]


def test_there_must_be_such_a_world(client, world):
    assert client.get("/worlds/nowhere/words").status_code == 404
