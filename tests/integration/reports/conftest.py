"""A resident whom reports knows."""

import pytest

from tests.district import District
from tests.people import Person, somebody, verified


@pytest.fixture
async def person(district: District) -> Person:
    one = somebody(district.new_compound())
    await district.publish(verified(one))

    async def known() -> bool:
        return await district.db("reports").residents.find_one({"_id": one.resident}) is not None

    await district.until(known)
    return one
