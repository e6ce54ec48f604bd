"""Routes of ways through the history."""

from __future__ import annotations

from tests.explorer.web.test_edits import EDIT, edited, shown


def states(client):
    return [(step["kind"], step["state"]) for step in client.get("/worlds/test-land/edits").json()]


def test_undo_and_redo_go_up_to_a_step(client, world):
    first = edited(client)["revision"]
    seen = shown(client).content
    last = edited(client, prompt="snow")["revision"]
    assert client.post(f"/worlds/test-land/undo?to={first}").json()["entry"] == first
    assert shown(client).content == seen
    assert client.post(f"/worlds/test-land/undo?to={first}").status_code == 409
    assert client.post(f"/worlds/test-land/redo?to={last}").json()["entry"] == last
    assert states(client) == [("prompt", "done"), ("edit", "done"), ("edit", "done")]
    assert client.post(f"/worlds/test-land/redo?to={last}").status_code == 409


def test_an_area_is_cleared_by_a_step_that_undo_takes_back(client, world):
    before = shown(client).content
    edited(client)
    after = shown(client).content
    answer = client.post("/worlds/test-land/clear", json={"tiles": EDIT["tiles"]})
    assert answer.status_code == 201 and shown(client).content == before != after
    step = client.get("/worlds/test-land/edits").json()[-1]
    assert (step["kind"], step["number"], step["tiles"]) == ("clear", answer.json()["revision"], 2)
    assert len(step["bounds"]) == 4 and "prompt" in step
    assert client.post("/worlds/test-land/clear", json={"tiles": EDIT["tiles"]}).status_code == 409
    assert client.post("/worlds/test-land/undo").status_code == 200 and shown(client).content == after


def test_a_copy_shows_the_same_and_has_a_history_of_its_own(client, world):
    number = edited(client)["revision"]
    seen = shown(client).content
    edited(client, prompt="snow")
    made = client.post("/worlds/test-land/branch", json={"step": number})
    assert made.status_code == 201 and made.json()["name"] == f"{world.name} (copy)"
    url = f"/worlds/{made.json()['id']}"
    assert client.get(shown(client).request.url.path.replace("/worlds/test-land", url)).content == seen
    assert [step["state"] for step in client.get(f"{url}/edits").json()] == ["done", "done", "undone"]
    assert client.post("/worlds/test-land/branch", json={"step": 99}).status_code == 409
    assert client.post("/worlds/nowhere/branch", json={}).status_code == 404


def test_what_cannot_be_stamped_is_refused(client, world):
    number = edited(client)["revision"]
    assert client.post("/worlds/test-land/edits/1/stamp", json={"at": [0, 0]}).status_code == 409
    assert client.post(f"/worlds/test-land/edits/{number}/stamp", json={"at": [1e99, 0]}).status_code == 422
    made = client.post(f"/worlds/test-land/edits/{number}/stamp", json={"at": [0, 0]})
    assert made.status_code == 202 and made.json()["job"]["kind"] == "edit"
