"""One server, and a cluster of three, for all tests of a file; each test has its own fleet."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator

import pytest

from tests.support.fleet import Cluster, start_cluster


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = start_cluster(tmp_path_factory.mktemp("nats"), 1)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = start_cluster(tmp_path_factory.mktemp("cluster"), 3)
    yield cluster
    cluster.stop()


@pytest.fixture
def fleet(request: pytest.FixtureRequest) -> str:
    """A name that no other test has."""
    return str(request.node.name).replace("[", "_").replace("]", "").removeprefix("test_")[:40]


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """Collect what nats-py leaves open where a server goes under it, before a later test is blamed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
