import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from explorer.web import limits
from explorer.web.limits import BodyLimit


def answered(parts, silent=False, length=None):
    """The status and the error's code of a request whose body comes in such parts, and then no more."""
    sent, waiting = [], list(parts)

    async def app(scope, receive, send):
        while (message := await receive())["type"] == "http.request" and message["more_body"]:
            pass
        status = 200 if message["type"] == "http.request" else 499
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def receive():
        if not waiting:
            await asyncio.Event().wait()
        body = waiting.pop(0)
        return {"type": "http.request", "body": body, "more_body": silent or bool(waiting)}

    async def send(message):
        sent.append(message)

    headers = [] if length is None else [(b"content-length", str(length).encode())]
    scope = {"type": "http", "method": "POST", "path": "/x", "query_string": b"", "headers": headers}
    # A thread of its own: Playwright keeps its event loop running in the main one, whichever tests ran before.
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(lambda: asyncio.run(BodyLimit(app, 10, [])(scope, receive, send))).result()
    said = json.loads(sent[1]["body"])
    return sent[0]["status"], said.get("error", {}).get("code")


@pytest.mark.parametrize(
    ("parts", "length", "said"),
    [
        ([b"x" * 10], None, (200, None)),
        ([b"x" * 5, b"x" * 5], None, (200, None)),
        ([b"x" * 5, b"x" * 6], None, (413, "body_too_large")),
        ([b""], 11, (413, "body_too_large")),
        ([b""], "x", (413, "body_too_large")),
    ],
)
def test_bodies_are_read_up_to_the_limit(parts, length, said):
    assert answered(parts, length=length) == said


def test_a_body_that_stops_coming_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(limits, "SILENT_SECONDS", 0.05)
    assert answered([b"x", b"y"], silent=True) == (408, "body_too_slow")
