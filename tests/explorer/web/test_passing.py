"""Which requests a reader takes."""

import pytest

from explorer.web.passing import TILE

HOST = b"Host: localhost\r\n"


def head(line, *more):
    return b"".join([line, b" HTTP/1.1\r\n", HOST, *(each + b"\r\n" for each in more), b"\r\n"])


@pytest.mark.parametrize(
    "request_head",
    [
        head(b"GET /worlds/bay/tiles/8/128/127.webp"),
        head(b"GET /worlds/bay/tiles/8/-1/127@2x.png?v=5e1f.9", b"Accept: */*", b"Cookie: earth_session=x"),
        head(b"GET /earth/worlds/bay/tiles/8/128/127.webp?token=a.b-c", b"If-None-Match: \"x\""),
        head(b"GET /worlds/bay/tiles/8/128/127.webp", b"X-Note: content-length"),
    ],
)  # fmt: skip
def test_tiles_are_for_readers(request_head):
    assert TILE.fullmatch(request_head)


@pytest.mark.parametrize(
    "request_head",
    [
        head(b"GET /worlds/bay"),
        head(b"POST /worlds/bay/tiles/8/128/127.webp"),
        head(b"HEAD /worlds/bay/tiles/8/128/127.webp"),
        head(b"GET /worlds/bay/tiles/8/128/127.webp?wait=30"),
        head(b"GET /worlds/bay/tiles/8/128/127.webp?v=1&wait=30"),
        head(b"GET /worlds/bay/tiles/8/128/127.webp?w%61it=30"),
        head(b"GET /worlds/bay/tiles/8/128/127.webp", b"Authorization: Basic eDp5"),
        head(b"GET /worlds/bay/tiles/8/128/127.webp", b"content-Length: 5"),
        head(b"GET /worlds/bay/tiles/8/128/127.webp", b"Transfer-Encoding : chunked"),
        head(b"GET /worlds/bay/tiles/8/128/127.webp", b"Accept: */*", b"Upgrade: websocket"),
        head(b"GET /worlds/bay/tiles/8/128/127.webp")[:-2],
        head(b"GET /worlds/bay/tiles/8/128/127.webp") + b"GET ",
        head(b"GET /worlds/bay/tiles/8/128/127.webp") * 2,
    ],
)  # fmt: skip
def test_all_else_is_for_the_writer(request_head):
    assert not TILE.fullmatch(request_head)
