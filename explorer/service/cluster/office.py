"""The Ray side: a process of its own, which starts or joins a cluster and passes tasks on to its painters.

Ray ends the process that speaks with it when the head of the cluster is gone. So that is not the app: this
one may end at any moment, and is started again (``link``). It keeps nothing that is not known elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from explorer.service.cluster.plan import (
    Asked,
    Came,
    Do,
    Done,
    Drop,
    Dropped,
    Failed,
    Lost,
    News,
    Plan,
    Source,
    Started,
    Trouble,
)
from tiles.errors import EarthError, PaintingFailed

LOOK = 1.0  # seconds between two looks at how much room the cluster has
DEAF = 10.0  # seconds in which the head must answer such a look
AGAIN = 0.25  # seconds until a painter that is being restarted is asked again
QUICK = 0.25  # seconds: whoever takes less for a batch has the next one already, as it is some way there
STORE = 256 * 2**20  # bytes of shared memory of a cluster on this machine: only windows pass through it


def main(connection: Connection, plan: Plan) -> None:
    """Until the other end of ``connection`` is closed, or the cluster is gone."""
    with contextlib.suppress(AttributeError, PermissionError):
        os.setsid()  # Ctrl+C in a terminal is for the app, which then closes this in order
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        join(plan)
        asyncio.run(Office(connection, plan).run())
    except Exception as error:
        with contextlib.suppress(OSError):
            connection.send([_trouble(error)])
        os._exit(1)  # Ray would wait for what is gone; a cluster that was started here ends with this process
    with contextlib.suppress(Exception):
        _ray().shutdown()


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", "20")  # until a head counts as gone
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    return ray


def join(plan: Plan) -> None:
    """Join the cluster of a plan, or start one on this machine that nobody else reaches."""
    shared = {
        "namespace": f"earth-{uuid.uuid4().hex}",
        "logging_level": logging.ERROR,
        "log_to_driver": False,
    }
    if plan.address:
        _require_answer(plan.address)
        _ray().init(address=plan.address, **shared)
        return
    # As Ray does by itself on Windows and macOS: everything listens on loopback. Asked for 127.0.0.1 here,
    # it would take an address of the network instead.
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    cores = max(os.cpu_count() or 1, plan.painters * plan.cpus, plan.cpus)
    here = {"include_dashboard": False, "_node_ip_address": "127.0.0.1", "object_store_memory": STORE}
    gpus = 0 if plan.device == "cpu" else None  # as many as there are
    _ray().init("local", num_cpus=cores, num_gpus=gpus, **here, **shared)


def _require_answer(address: str) -> None:
    """Raises PaintingFailed if nobody listens there; Ray itself would go on asking for minutes."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    if parts.hostname and parts.port:  # others, such as "auto", are names of Ray's
        try:
            socket.create_connection((parts.hostname, parts.port), timeout=10).close()
        except OSError as error:
            raise PaintingFailed(_words(error), "cluster-silent") from error


class Office:
    """The painters of a plan, and what they are asked to do."""

    def __init__(self, connection: Connection, plan: Plan) -> None:
        self._connection, self._plan = connection, plan
        self._painters: dict[str, Painter] = {}
        self._files: dict[str, asyncio.Future[Any]] = {}  # of models, by digest, in the object store
        self._tasks: set[asyncio.Task[None]] = set()
        self._news: list[News] = []  # that is told in a moment

    async def run(self) -> None:
        """Until nobody listens any more. Raises what Ray raises, and PaintingFailed if the head is deaf."""
        self.tell(Started())
        heard: asyncio.Queue[list[Asked] | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._listen, args=(loop, heard), daemon=True).start()
        looking = self.go(self._look_after_painters())
        while (all_asked := await self._next(heard, looking)) is not None:
            for asked in all_asked:
                match asked, self._painters.get(asked.painter):
                    case Do(), Painter() as painter:
                        painter.take(asked)
                    case Drop(number), Painter() as painter:
                        painter.drop(number)

    async def _next(
        self, heard: asyncio.Queue[list[Asked] | None], looking: asyncio.Task[None]
    ) -> list[Asked] | None:
        """What is asked next; None when it is over."""
        next = asyncio.ensure_future(heard.get())
        await asyncio.wait([next, looking], return_when=asyncio.FIRST_COMPLETED)
        if looking.done():
            looking.result()
        return next.result()

    def _listen(self, loop: asyncio.AbstractEventLoop, heard: asyncio.Queue[list[Asked] | None]) -> None:
        """On a thread of its own."""
        with contextlib.suppress(EOFError, OSError):
            while (asked := self._connection.recv()) is not None:
                loop.call_soon_threadsafe(heard.put_nowait, asked)
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(heard.put_nowait, None)

    def tell(self, news: News) -> None:
        """Together with whatever else happens until this thread has nothing to do."""
        if not self._news:
            asyncio.get_running_loop().call_soon(self._tell_all)
        self._news.append(news)

    def _tell_all(self) -> None:
        news, self._news = self._news, []
        with contextlib.suppress(OSError):  # nobody listens any more: it is over in a moment
            self._connection.send(news)

    def go(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _look_after_painters(self) -> None:
        """Have as many painters as are wanted, or as there is room for; never over."""
        while True:
            try:
                room = await asyncio.wait_for(asyncio.to_thread(self._room), DEAF)
            except TimeoutError:
                raise PaintingFailed("the cluster does not answer any more", "cluster-deaf") from None
            for number in range(len(self._painters) + 1, (self._plan.painters or room) + 1):
                self._add(f"painter-{number}")
            await asyncio.sleep(LOOK)

    def _room(self) -> int:
        """How many painters the machines of the cluster hold. Raises PaintingFailed where Ray would wait."""
        needed = (
            {"GPU": 1.0, "CPU": float(self._plan.cpus)} if self._gpu() else {"CPU": float(self._plan.cpus)}
        )
        alive = {node["NodeID"]: node["Resources"] for node in _ray().nodes() if node["Alive"]}
        if _ray().get_runtime_context().get_node_id() not in alive:
            raise PaintingFailed("the machine by which the cluster was joined is gone", "cluster-left")
        fitting = [[node.get(name, 0.0) // each for name, each in needed.items()] for node in alive.values()]
        return sum(int(min(each)) for each in fitting)

    def _gpu(self) -> bool:
        if self._plan.device == "auto":
            return bool(_ray().cluster_resources().get("GPU", 0) >= 1)
        return self._plan.device == "cuda"

    def _add(self, name: str) -> None:
        gpu, (module, _, name_of) = self._gpu(), self._plan.worker.partition(":")
        made_by = getattr(importlib.import_module(module), name_of)
        worker = _ray().remote(concurrency_groups={"life": 1})(made_by)
        actor = worker.options(
            name=name,
            num_cpus=self._plan.cpus,
            num_gpus=1 if gpu else 0,
            max_restarts=-1,
            max_task_retries=0,  # what a lost painter did is for any other, not for the one that comes back
        ).remote(self._plan.cpus, "cuda" if gpu else "cpu")
        self._painters[name] = painter = Painter(name, actor, self)
        self.go(painter.live())

    async def files(self, source: Source) -> Any:
        """Where the object store has the files of a model."""
        if source.digest not in self._files:
            read = asyncio.to_thread(lambda: _ray().put(dict(_files_of(Path(source.folder)))))
            self._files[source.digest] = asyncio.ensure_future(read)
        return await self._files[source.digest]


@dataclass
class Life:
    """From a painter's start to its end, and what it does meanwhile."""

    over: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: list[Do] = field(default_factory=list)  # in order
    doing: list[int] = field(default_factory=list)  # by number; the first is done now, a second is on its way


class Painter:
    """One painter, over all of its lives."""

    def __init__(self, name: str, actor: Any, office: Office) -> None:
        self._name, self._actor, self._office = name, actor, office
        self._life: Life | None = None
        self._held: dict[str, asyncio.Future[int]] = {}  # models it has read, by digest: windows at once
        self._least = QUICK  # seconds that a batch took, if less

    async def live(self) -> None:
        """Say when it comes and when it goes, for ever."""
        while True:
            kind = await self._awaited()
            life = self._life = Life()
            self._held = {}
            self._office.tell(Came(self._name, kind))
            stay = asyncio.ensure_future(_answer(self._actor.stay.options(concurrency_group="life").remote()))
            end = asyncio.ensure_future(life.over.wait())
            await asyncio.wait([stay, end], return_when=asyncio.FIRST_COMPLETED)
            self._life = None
            life.waiting.clear()
            self._office.tell(Lost(self._name, next(iter(life.doing), None)))
            for each in (stay, end):
                each.cancel()
            await asyncio.gather(stay, end, return_exceptions=True)

    async def _awaited(self) -> str:
        """Its kind, as soon as it is there."""
        while True:
            try:
                return str(await _answer(self._actor.kind.remote()))
            except Exception:
                await asyncio.sleep(AGAIN)

    def take(self, task: Do) -> None:
        """Do a task after what it has, or before what it has not begun. One that is lost with the painter is
        not answered: whoever hears of the loss knows."""
        if (life := self._life) is None:
            return
        life.waiting.append(task)
        life.waiting.sort(key=lambda each: not each.urgent)
        self._begin(life)

    def _begin(self, life: Life) -> None:
        """Send it what waits, as far as it is to have that already."""
        while life.waiting and len(life.doing) < (2 if self._least < QUICK else 1):
            task = life.waiting.pop(0)
            life.doing.append(task.number)
            self._office.go(self._work(life, task))

    def drop(self, number: int) -> None:
        """Do not begin a task."""
        life = self._life
        if life and (found := [task for task in life.waiting if task.number == number]):
            life.waiting.remove(found[0])
            self._office.tell(Dropped(number))

    async def _work(self, life: Life, task: Do) -> None:
        await self._do(task, life)
        if not life.over.is_set():  # else it may be what the painter was lost over
            life.doing.remove(task.number)
            self._begin(life)

    async def _do(self, task: Do, life: Life) -> None:
        errors = _ray().exceptions
        try:
            batch = await self._holding(task.source)
            paint_or_decode = getattr(self._actor, task.verb)
            start = time.monotonic()
            load = await _answer(paint_or_decode.remote(task.source.digest, task.load))
            seconds = time.monotonic() - start
            if task.verb == "paint":
                self._least = min(self._least, seconds)
            self._office.tell(Done(task.number, load, batch, seconds))
        except errors.RayTaskError as error:
            self._office.tell(Failed(task.number, _words(getattr(error, "cause", None) or error)))
        except errors.RayError:
            life.over.set()
        except Exception as error:  # such as a model whose files cannot be read
            self._office.tell(Failed(task.number, _words(error)))

    async def _holding(self, source: Source) -> int:
        """The most windows that it takes at once, now that it has read the model."""
        if source.digest not in self._held:
            self._held[source.digest] = asyncio.ensure_future(self._hold(source))
        try:
            return await self._held[source.digest]
        except BaseException:
            self._held.pop(source.digest, None)  # it is tried again
            raise

    async def _hold(self, source: Source) -> int:
        batch = await _answer(self._actor.hold.remote(source))
        if batch is None:
            files = await self._office.files(source)
            batch = await _answer(self._actor.hold.remote(source, files))
        return int(batch)


async def _answer(call: Any) -> Any:
    return await call


def _trouble(error: Exception) -> Trouble:
    told = error if isinstance(error, EarthError) else PaintingFailed(_words(error), "cluster-broke")
    return Trouble(str(told), told.reason)


def _words(error: BaseException) -> str:
    return str(error).strip().split("\n")[0][:300] or type(error).__name__


def _files_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()
