"""Worlds that are published, and static servers that know ranges."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from explorer.service.publishing import publish as publishing
from explorer.service.publishing.plan import Wanted, plan
from explorer.service.publishing.publish import Published
from explorer.service.publishing.targets import WORK, Disk, Target
from explorer.worlds.world import World
from tiles.grid import Bounds


def published(
    world: World,
    target: Disk | Target,
    work: Path,
    bounds: Bounds | None = None,
    zooms: tuple[int, int] | None = None,
    format: str = "webp",
    step: publishing.Step = lambda *of: None,
) -> Published:
    """As the command does it."""
    wanted = Wanted(bounds, zooms, format)
    planned = plan(world, wanted)
    work.mkdir(parents=True, exist_ok=True)
    publishing.check(world, planned, format, work, target, 0)
    return publishing.publish(world, planned, wanted, work, target, step)


def into(world: World, folder: Path, **options: object) -> Published:
    """Published in a folder."""
    return published(world, Disk(folder), folder / WORK, **options)  # type: ignore[arg-type]


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The URL of a plain server of files, which answers range requests."""
    with answering(Starlette(routes=[Mount("/", StaticFiles(directory=folder, html=True))])) as url:
        yield url


@contextmanager
def answering(app: Starlette) -> Iterator[str]:
    """The URL of an app on this machine."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@contextmanager
def object_store() -> Iterator[str]:
    """The URL of a store like S3 on this machine, with a bucket "maps" that anybody may read."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    httpx.post(f"{url}/moto-api/reset").raise_for_status()  # it remembers those before it in this process
    known = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=url, **known)
    client.create_bucket(Bucket="maps")
    client.put_bucket_policy(Bucket="maps", Policy=json.dumps(READABLE))
    yield url
    server.stop()


READABLE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::maps/*",
        }
    ],
}
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_ALLOW_HTTP": "true",
}
