"""Cursor paging: `limit`, `after`, and `next` in the answer. A cursor is the last id of the page before."""

from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from shared.errors import invalid

T = TypeVar("T")
MAX_LIMIT = 200


class Body(BaseModel):
    """The base of every request body: strict types, and nothing that is not asked for."""

    model_config = ConfigDict(extra="forbid", strict=False, frozen=True, str_max_length=20_000)


class Page(BaseModel, Generic[T]):
    """One page of a list; `next` is None on the last."""

    items: list[T]
    next: str | None


class Paging(BaseModel):
    """Where a page begins and how long it is."""

    limit: int = Field(default=50)
    after: str | None = None


async def _paging(
    limit: Annotated[int, Query()] = 50, after: Annotated[str | None, Query(max_length=64)] = None
) -> Paging:
    if not 1 <= limit <= MAX_LIMIT:
        raise invalid("limit", "limit_range")
    return Paging(limit=limit, after=after)


PageOf = Annotated[Paging, Depends(_paging)]
