import os
import resource

import pytest

from explorer.service import descriptors


@pytest.fixture
def limit():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield lambda most: resource.setrlimit(resource.RLIMIT_NOFILE, (most, before[1]))
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_connections_leave_descriptors_for_files(limit):
    limit(1024)
    assert descriptors.affordable(1000) == 768 and descriptors.affordable(100) == 100
    limit(300)
    assert descriptors.affordable(1000) == 44


def test_running_out_is_noticed_before_and_after_the_last_one_is_gone(limit):
    limit(len(os.listdir("/dev/fd")) + 100)
    assert not descriptors.running_out()
    opened = []
    try:
        opened += [os.open("/dev/null", os.O_RDONLY) for _ in range(80)]
        assert descriptors.running_out()
        with pytest.raises(OSError, match="Too many open files"):
            opened.extend(os.open("/dev/null", os.O_RDONLY) for _ in range(80))
        assert descriptors.running_out()
    finally:
        for each in opened:
            os.close(each)
    assert not descriptors.running_out()


def test_the_limit_is_raised_to_what_the_system_allows(limit):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    limit(128)
    descriptors.raise_limit()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, most)
