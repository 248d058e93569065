"""A server on a scripted model."""

from collections.abc import Iterator

import pytest
from openai import OpenAI
from served import Served, scripted_model


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("serve") / "data", scripted_model(), user="ana") as one:
        yield one


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[OpenAI]:
    with served.client() as one:
        yield one
