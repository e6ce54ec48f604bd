"""``serve``: the app on a port."""

from __future__ import annotations

import errno
import logging
import socket
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Annotated

import typer

from explorer.cli.options import (
    AllowMixed,
    Device,
    ExecutorName,
    Folder,
    ModelName,
    PainterCpus,
    Painters,
    RayAddress,
)
from explorer.cli.session import opened, settings_with
from explorer.settings import Settings
from explorer.terminal import aside, console
from tiles.errors import BadSetting

if TYPE_CHECKING:
    from explorer.worlds.atlas import Atlas

log = logging.getLogger(__name__)
BACKLOG = 2048  # connections that wait to be accepted, also while the model is read


def serve(
    host: Annotated[str | None, typer.Option(help="address to listen on")] = None,
    port: Annotated[int | None, typer.Option(help="port to listen on; 0 takes a free one")] = None,
    worlds: Folder = None,
    model: ModelName = None,
    device: Device = None,
    executor: ExecutorName = None,
    ray_address: RayAddress = None,
    painters: Painters = None,
    painter_cpus: PainterCpus = None,
    allow_mixed: AllowMixed = None,
    readers: Annotated[
        int | None, typer.Option(help="processes beside it that answer requests for painted tiles")
    ] = None,
) -> None:
    """Start the app; the default when no command is given."""
    settings = settings_with(
        host=host,
        port=port,
        worlds=worlds,
        model=model,
        device=device,
        executor=executor,
        ray_address=ray_address,
        painters=painters,
        painter_cpus=painter_cpus,
        allow_mixed=allow_mixed,
        readers=readers,
    )
    sockets = listening(settings)  # before anything slow
    with opened(settings) as (atlas, painter):
        from explorer.service import descriptors
        from explorer.web.server import create_app, stop
        from explorer.web.serving import Connection, run
        from explorer.worlds.firstlight import decode_view, make_first

        if (first := make_first(atlas)) is not None:
            Thread(target=decode_view, args=[first]).start()  # while the page's modules are imported
        say_readonly(atlas)
        app = create_app(settings, atlas, painter)
        address = settings.url(sockets[0].getsockname()[1])

        say_who_may(settings)

        def ready() -> None:
            console.print(f"Endless Earth: {address}", highlight=False)

        descriptors.raise_limit()
        most = descriptors.affordable(settings.connections)
        if not settings.readers:
            run(app, sockets, partial(Connection, most=most), ready, lambda: stop(app))
            return
        from explorer.web.passing import WriterConnection
        from explorer.web.readers import Readers

        beside = Readers(settings, sockets, most // 2)
        app.state.readers = beside
        http = partial(WriterConnection, most=most - most // 2, give=beside.give)
        run(app, sockets, http, ready, lambda: stop(app), beside)


def listening(settings: Settings) -> list[socket.socket]:
    """Sockets that listen on every address of ``settings.host``. Raises BadSetting."""
    sockets: list[socket.socket] = []
    port = settings.port
    try:
        found = socket.getaddrinfo(settings.host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, (address, *_) in found:
            sockets.append(_bound(family, str(address), port))
            port = sockets[-1].getsockname()[1]  # with port 0 the rest take the one that was free
    except OSError as error:
        for each in sockets:
            each.close()
        raise BadSetting(_refused(error, settings)) from None
    return sockets


def _bound(family: int, address: str, port: int) -> socket.socket:
    # The protocol is named, so that asyncio sends answers without waiting to fill packets (Nagle).
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((address, port))
        made.listen(BACKLOG)
    except BaseException:
        made.close()
        raise
    return made


def _refused(error: OSError, settings: Settings) -> str:
    host, port = settings.host, settings.port
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return (
            f"host {host!r} is no address of this machine: 127.0.0.1 is, and 0.0.0.0 stands for all of them"
        )
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use, perhaps by another Endless Earth: give another --port, or 0 for any"
    if error.errno == errno.EACCES:
        return f"port {port} is not open to this user: ports from 1024 on are"
    return f"cannot listen on {host} port {port}: {error.strerror}"


def say_who_may(settings: Settings) -> None:
    """What it means to listen to other machines, where no password keeps them out."""
    if settings.local or settings.locked:
        return
    may = {
        "nothing": "do nothing",
        "visit": "look at every world, and make and change one of their own",
        "edit": "look at, change and DELETE every world",
    }
    words = may.get(settings.others_may, "look at every world, and change none")
    aside.print(
        f"Warning: the app listens on {settings.host}, without a password. Whoever can reach this"
        f" machine may {words}. Set EARTH_PASSWORD, or EARTH_OTHERS_MAY to nothing, view, visit or edit"
        " (docs/serving.md).",
        style="bold yellow",
        highlight=False,
    )


def say_readonly(atlas: Atlas) -> None:
    """One line for all worlds that cannot be changed here."""
    ids = [world.id for world in atlas.summaries() if world.readonly]
    if ids:
        log.warning("%d worlds can only be read here: %s", len(ids), ", ".join(ids))
