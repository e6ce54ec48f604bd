"""Maps of other makers, laid over a world by one request."""

import io
import json

import numpy as np
from PIL import Image

SEA, LAND = (42, 111, 151), (60, 160, 70)


def island() -> bytes:
    picture = np.full((64, 64, 3), SEA, np.uint8)
    picture[16:48, 16:48] = LAND
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def test_a_map_is_looked_at_before_it_is_laid_and_then_is_steps_of_the_journal(client, world):
    looked = client.post("/worlds/test-land/blueprint?dry_run=true", content=island())
    told = looked.json()
    assert looked.status_code == 200 and told["strokes"] == []
    assert [(key["name"], key["colour"]) for key in told["legend"]] == [("#2a6f97",) * 2, ("#3ca046",) * 2]
    side = 4_000_000
    asked = {
        "prompts": json.dumps({"#3ca046": "green island"}),
        "bounds": f"0,0,{side},{side}",
        "softness": 20_000,
    }
    looked = client.post(
        "/worlds/test-land/blueprint", params={**asked, "dry_run": True}, content=island()
    ).json()
    assert [stroke["prompt"] for stroke in looked["strokes"]] == ["green island"] and len(
        world.journal.steps()
    ) == 1
    laid = client.post("/worlds/test-land/blueprint", params=asked, content=island())
    assert laid.status_code == 201 and laid.json()["strokes"] == looked["strokes"]
    step = client.get("/worlds/test-land/edits").json()[-1]
    assert (
        step["number"] == laid.json()["revision"] and step["kind"] == "stroke" and step["softness"] == 20_000
    )
    xs, ys = zip(*step["path"])
    assert min(xs) > side / 4 and max(xs) < 3 * side / 4 and min(ys) > side / 4 and max(ys) < 3 * side / 4


def test_what_is_wrong_with_a_map_or_its_prompts_is_said(client, world):
    for params, words in (
        ({"prompts": "[1]"}, "must be JSON"),
        ({"prompts": '{"#000000": "sea"}'}, "the map has no '#000000'; it has #2a6f97, #3ca046"),
        ({"prompts": '{"#2a6f97": "sea"}', "softness": -1}, "softness"),
        ({"bounds": "4,0,0,4"}, "west before east"),
        ({"bounds": "x"}, "four numbers"),
    ):
        refused = client.post("/worlds/test-land/blueprint", params=params, content=island())
        assert refused.status_code == 422 and words in refused.json()["error"]["message"], params
    refused = client.post("/worlds/test-land/blueprint", content=b"nothing")
    assert refused.status_code == 422 and "no map" in refused.json()["error"]["message"]
    assert len(world.journal.steps()) == 1
