import pytest


@pytest.fixture
def library(standin):
    return standin
