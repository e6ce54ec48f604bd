import threading
import time

import pytest

from explorer.service.jobs import Jobs
from tiles.errors import Busy, DiskFull, JobNotFound, NotFinished


@pytest.fixture
def jobs(tmp_path):
    jobs = Jobs(tmp_path / "exports")
    yield jobs
    jobs.close()


def until(job, *states):
    end = time.monotonic() + 120
    while job.state not in states:
        assert time.monotonic() < end, job.state
        time.sleep(0.01)
    return job


def one_file(folder, step):
    for done in range(3):
        step("writing", done, 3)
    (folder / "out.txt").write_text("whole")
    (folder / "out.pgw").write_text("beside")
    return [folder / "out.txt", folder / "out.pgw"]


def test_a_job_makes_files_and_keeps_them_until_it_is_forgotten(jobs):
    job = until(jobs.add("export", "w", one_file), "done")
    assert job.file().read_text() == "whole" and job.file("pgw").read_text() == "beside"
    jobs.cancel(job.id)
    with pytest.raises(JobNotFound):
        jobs.get(job.id)
    assert not job.folder.exists()


def test_errors_are_kept_and_leave_no_files(jobs):
    def full(folder, step):
        (folder / "half").write_text("half")
        raise DiskFull("no room")

    def odd(folder, step):
        raise RuntimeError("")

    for work, words in ((full, "no room"), (odd, "RuntimeError")):
        job = until(jobs.add("export", "w", work), "failed")
        assert words in str(job.error) and not job.folder.exists()
        with pytest.raises(NotFinished, match=words):
            job.file()
    assert until(jobs.add("export", "w", one_file), "done")  # the thread goes on


def test_cancelling_stops_at_the_next_step(jobs):
    went = threading.Event()

    def long(folder, step):
        (folder / "half").write_text("half")
        for done in range(10**6):
            step("writing", done, 10**6)
            went.set()
            time.sleep(0.001)

    running, waiting = jobs.add("export", "w", long), jobs.add("export", "w", one_file)
    assert went.wait(60)
    jobs.cancel(waiting.id)
    assert waiting.state == "cancelled"
    jobs.cancel(running.id)
    until(running, "cancelled")
    assert not running.folder.exists() and not waiting.folder.exists()


def test_the_line_is_bounded(jobs):
    hold = threading.Event()

    def held(folder, step):
        hold.wait(20)
        return one_file(folder, step)

    try:
        with pytest.raises(Busy):
            for _ in range(100):
                jobs.add("export", "w", held)
    finally:
        hold.set()
