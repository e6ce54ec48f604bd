"""Long work behind a request: one thing at a time, with progress, cancel and files."""

from __future__ import annotations

import logging
import os
import queue
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from tiles.errors import Busy, Cancelled, EarthError, JobNotFound, NotFinished

log = logging.getLogger(__name__)
State = Literal["waiting", "running", "done", "failed", "cancelled"]
Step = Callable[[str, int, int], None]  # stage, done, total
Work = Callable[[Path, Step], list[Path]]  # into a folder of its own; the files made
WAITING_LIMIT, KEPT = 16, 50


class Job:
    """One piece of work; its fields are written by the thread that does it."""

    def __init__(self, kind: str, world: str, folder: Path, work: Work) -> None:
        self.id = secrets.token_hex(8)
        self.kind, self.world, self.work = kind, world, work
        self.folder = folder / self.id
        self.state: State = "waiting"
        self.stage, self.done, self.total = "", 0, 0
        self.error: EarthError | None = None
        self.files: list[Path] = []
        self.called_off = threading.Event()
        self._stage_began = 0.0

    def step(self, stage: str, done: int, total: int) -> None:
        """Raises Cancelled when the job was called off."""
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

    def file(self, suffix: str = "") -> Path:
        """The finished file, or the one beside it with that suffix. Raises NotFinished, JobNotFound."""
        if self.state != "done":
            why = f": {self.error}" if self.error else ""
            raise NotFinished(f"job {self.id} is {self.state}{why}")
        for path in self.files:
            if suffix in ("", path.suffix):
                return path
        raise JobNotFound(f"job {self.id} made no file {suffix!r}")


class Jobs:
    """A line of jobs and the one thread that does them, oldest first."""

    def __init__(self, folder: Path) -> None:
        """What processes that are gone left in ``folder`` is removed: nobody knows their jobs."""
        self.folder = folder / str(os.getpid())
        for left in folder.glob("*"):
            if left == self.folder or not _runs(left.name):
                shutil.rmtree(left, ignore_errors=True)
        self._jobs: dict[str, Job] = {}
        self._line: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
        self._thread.start()

    def add(self, kind: str, world: str, work: Work) -> Job:
        """Raises Busy."""
        with self._lock:
            waiting = sum(job.state == "waiting" for job in self._jobs.values())
            if waiting >= WAITING_LIMIT:
                raise Busy(f"{waiting} jobs are waiting already; try again when some are done")
            job = Job(kind, world, self.folder, work)
            self._jobs[job.id] = job
            self._forget_old()
        self._line.put(job)
        return job

    def get(self, id: str) -> Job:
        """Raises JobNotFound."""
        with self._lock:
            if id not in self._jobs:
                raise JobNotFound(f"no job {id[:40]!r}")
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

    def close(self) -> None:
        """Stop the job at hand and remove all files."""
        with self._lock:
            for job in self._jobs.values():
                job.called_off.set()
        self._line.put(None)
        self._thread.join(timeout=60)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self) -> None:
        while (job := self._line.get()) is not None:
            with self._lock:
                if job.called_off.is_set():
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
        except Cancelled:
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
        """Keep the newest; finished ones beyond that go, with their files."""
        finished = [job for job in self._jobs.values() if job.state not in ("waiting", "running")]
        for job in finished[: max(0, len(self._jobs) - KEPT)]:
            self._forget(job)

    def _forget(self, job: Job) -> None:
        self._jobs.pop(job.id, None)
        shutil.rmtree(job.folder, ignore_errors=True)


def _runs(process: str) -> bool:
    """Whether a process of that number is there."""
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
