"""A box for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.gate_agent.boxes import Box


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    one = await Box.open(tmp_path)
    yield one
    await one.close()
