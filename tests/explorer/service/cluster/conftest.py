"""A cluster of Ray's own for tests, for whoever joins one that is there."""

import pytest


@pytest.fixture(scope="session")
def address():
    """Where it is: it listens on loopback only, and has room for four painters of one core."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # else it takes an address of the network
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_worker_niceness", "0")  # else its painters come last on a busy machine
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 4, "node_ip_address": "127.0.0.1", "include_dashboard": False}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        try:
            yield cluster.address
        finally:
            cluster.shutdown()
