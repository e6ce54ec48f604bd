"""Long work behind a request: one thing at a time, with progress, cancel and files."""

from __future__ import annotations

import logging
import queue
import secrets
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from tiles.errors import Busy, Cancelled, EarthError, JobNotFound, NotFinished, Stopped

log = logging.getLogger(__name__)
State = Literal["waiting", "running", "done", "failed", "cancelled"]
Step = Callable[[str, int, int], None]  # stage, done, total
Work = Callable[[Path, Step], list[Path]]  # into a folder of its own; the files made
WAITING_LIMIT, KEPT = 16, 50


class Job:
    """One piece of work; its fields are written by the thread that does it."""

    def __init__(self, kind: str, world: str, folder: Path, work: Work, entry: int | None) -> None:
        self.id = secrets.token_hex(8)
        self.kind, self.world, self.work = kind, world, work
        self.entry = entry  # the line of the world's journal that it is about, if any
        self.owner = ""  # the visitor who asked for it, if it was one
        self.folder = folder / self.id
        self.state: State = "waiting"
        self.stage, self.done, self.total = "", 0, 0
        self.error: EarthError | None = None
        self.files: list[Path] = []
        self.called_off, self.closing = threading.Event(), False
        self._stage_began = 0.0

    def step(self, stage: str, done: int, total: int) -> None:
        """Raises Cancelled if the job was cancelled, Stopped if the app is closed."""
        if self.closing:
            raise Stopped("the app was closed")
        if self.called_off.is_set():
            raise Cancelled("the job was cancelled")
        if stage != self.stage:
            self._stage_began = time.monotonic()
        self.stage, self.done, self.total = stage, done, total

    @property
    def seconds_left(self) -> float | None:
        """Of this stage, as it went so far; None while that cannot be said."""
        spent = time.monotonic() - self._stage_began
        if self.state != "running" or self.done < 1 or spent < 1:
            return None
        return spent / self.done * (self.total - self.done)

    def file(self, part: str = "") -> Path:
        """The finished file, or the one of that name or suffix. Raises NotFinished, JobNotFound."""
        if self.state != "done":
            why = f": {self.error}" if self.error else ""
            raise NotFinished(f"job {self.id} is {self.state}{why}")
        for path in self.files:
            if part in ("", path.name, path.suffix[1:]):
                return path
        raise JobNotFound(f"job {self.id} has no file {part[:40]!r}")


class Jobs:
    """A queue of jobs for each kind, and a thread for each queue, oldest job first."""

    def __init__(self, folder: Path) -> None:
        """``folder`` belongs to these jobs alone; it need not be there yet."""
        self.folder = folder
        self._jobs: dict[str, Job] = {}
        self._lines: dict[str, queue.SimpleQueue[Job | None]] = {}
        self._threads: list[threading.Thread] = []
        self._held: Counter[str] = Counter()  # places of jobs that are about to be added
        self._lock = threading.Lock()

    def add(self, kind: str, world: str, work: Work, entry: int | None = None) -> Job:
        """Raises Busy."""
        with self.place(kind) as put:
            return put(world, work, entry)

    @contextmanager
    def place(self, kind: str) -> Iterator[Callable[[str, Work, int | None], Job]]:
        """A place in the queue, reserved while the job is prepared. Raises Busy.

        Gives the function that puts the job there: of a world, its work, and a line of its journal.
        """
        with self._lock:
            waiting = sum(job.state == "waiting" and job.kind == kind for job in self._jobs.values())
            waiting += self._held[kind]
            if waiting >= WAITING_LIMIT:
                words = f"{waiting} jobs are waiting already; try again when one is done"
                raise Busy(words, "jobs-full", count=waiting)
            self._held[kind] += 1

        def put(world: str, work: Work, entry: int | None) -> Job:
            with self._lock:
                job = Job(kind, world, self.folder, work, entry)
                self._jobs[job.id] = job
                self._forget_old()
                self._line(kind).put(job)
            return job

        try:
            yield put
        finally:
            with self._lock:
                self._held[kind] -= 1

    def _line(self, kind: str) -> queue.SimpleQueue[Job | None]:
        if kind not in self._lines:
            line = self._lines[kind] = queue.SimpleQueue()
            thread = threading.Thread(target=self._run, args=(line,), name=f"jobs {kind}", daemon=True)
            self._threads.append(thread)
            thread.start()
        return self._lines[kind]

    def all(self) -> list[Job]:
        with self._lock:
            return list(self._jobs.values())

    def get(self, id: str) -> Job:
        """Raises JobNotFound."""
        with self._lock:
            if id not in self._jobs:
                raise JobNotFound(f"there is no job {id[:40]!r}")
            return self._jobs[id]

    def cancel(self, id: str) -> Job:
        """Stop a job, or forget a finished one with its files. Raises JobNotFound."""
        job = self.get(id)
        job.called_off.set()
        with self._lock:
            if job.state == "waiting":
                job.state = "cancelled"
            elif job.state != "running":
                self._forget(job)
        return job

    def cancel_entry(self, world: str, entry: int) -> None:
        """Stop the work at a line of a world's journal."""
        for job in self.all():
            if (job.world, job.entry) == (world, entry) and job.state in ("waiting", "running"):
                self.cancel(job.id)

    def close(self) -> None:
        """Stop the jobs at hand and remove all files."""
        with self._lock:
            for job in self._jobs.values():
                job.closing = True
            for line in self._lines.values():
                line.put(None)
        for thread in self._threads:
            thread.join(timeout=60)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, line: queue.SimpleQueue[Job | None]) -> None:
        while (job := line.get()) is not None:
            with self._lock:
                if job.called_off.is_set() or job.closing:
                    job.state = "cancelled"
                    continue
                job.state = "running"
            self._do(job)

    def _do(self, job: Job) -> None:
        state: State = "failed"
        try:
            job.folder.mkdir(parents=True)
            job.files = job.work(job.folder, job.step)
            state = "done"
        except (Cancelled, Stopped):
            state = "cancelled"
        except EarthError as error:
            job.error = error
        except Exception as error:  # whatever a library raises must not end this thread
            log.exception("job %s failed", job.id)
            said = str(error).strip().split("\n")[0][:200]
            job.error = EarthError(f"{type(error).__name__}: {said}")
        if state != "done":
            shutil.rmtree(job.folder, ignore_errors=True)
        with self._lock:
            job.state = state

    def _forget_old(self) -> None:
        """Keep the newest jobs; older finished ones are forgotten, with their files."""
        finished = [job for job in self._jobs.values() if job.state not in ("waiting", "running")]
        for job in finished[: max(0, len(self._jobs) - KEPT)]:
            self._forget(job)

    def _forget(self, job: Job) -> None:
        self._jobs.pop(job.id, None)
        shutil.rmtree(job.folder, ignore_errors=True)
