"""Questions asked at the same time go to the database as one.

A round trip costs more than what the database does in it, and a transaction takes one operation at a time. Whoever has
several questions asks them at once (`asyncio.gather`), as if each had a connection of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClientSession, AsyncIOMotorDatabase

Document = dict[str, Any]

FEW = 1000
"""Documents of one answer that goes along: the server puts all that go together into one, of 16 MB at most."""
MOST = 20
"""Questions of one round trip."""


@dataclass(frozen=True)
class Question:
    """What a collection is asked: in the manner of `find`, with more stages of a pipeline after that.

    A limit of 0 says that there are only few.
    """

    collection: str
    query: Document
    sort: Sequence[tuple[str, int]] = ()
    limit: int = 0
    projection: Document | None = None
    stages: Sequence[Document] = ()

    @property
    def pipeline(self) -> list[Document]:
        """The question as stages of an aggregation."""
        steps: list[Document] = [{"$match": self.query}]
        if self.sort:
            steps.append({"$sort": dict(self.sort)})
        if self.limit:
            steps.append({"$limit": self.limit})
        if self.projection:
            steps.append({"$project": self.projection})
        return [*steps, *self.stages]


@dataclass(frozen=True, eq=False)
class _Asked:
    question: Question
    answer: asyncio.Future[list[Document]]


class Questions:
    """Asks on behalf of one transaction, or of nobody's. `settle` brings to the server what a question must meet."""

    def __init__(
        self,
        db: AsyncIOMotorDatabase[Document],
        session: AsyncIOMotorClientSession | None,
        settle: Callable[[str, Document], Awaitable[None]],
    ) -> None:
        self._db = db
        self._session = session
        self._settle = settle
        self._waiting: list[_Asked] = []
        self._turn = asyncio.Lock()
        self._failed: BaseException | None = None

    async def ask(self, question: Question) -> list[Document]:
        """Return the documents that answer a question. Raises the driver's errors."""
        asked = _Asked(question, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        async with self._turn:
            while not asked.answer.done():
                if self._failed:
                    # It ended the transaction: those who asked beside it may not reach into the next one.
                    raise self._failed
                await asyncio.sleep(0)  # those who ask in the same breath come along
                await self._answer(self._next())
        return asked.answer.result()

    def _next(self) -> list[_Asked]:
        """Take those whose answers are small together, before any that is not."""
        group = [one for one in self._waiting if one.question.limit <= FEW][:MOST] or self._waiting[:1]
        self._waiting = [one for one in self._waiting if one not in group]
        return group

    async def _answer(self, group: Sequence[_Asked]) -> None:
        try:
            for one in group:
                await self._settle(one.question.collection, one.question.query)
            answers = await self._look_up([one.question for one in group])
        except BaseException as error:
            self._failed = error
            raise
        for one, found in zip(group, answers, strict=True):
            one.answer.set_result(found)

    async def _look_up(self, questions: Sequence[Question]) -> list[list[Document]]:
        if len(questions) > 1:
            steps: list[Document] = [{"$documents": [{}]}]
            steps += [
                {"$lookup": {"from": one.collection, "pipeline": one.pipeline, "as": str(number)}}
                for number, one in enumerate(questions)
            ]
            (answers,) = await self._db.aggregate(steps, session=self._session).to_list(None)
            return [answers[str(number)] for number in range(len(questions))]
        (one,) = questions
        collection = self._db[one.collection]
        if one.stages:
            return [await collection.aggregate(one.pipeline, session=self._session).to_list(None)]
        sort = list(one.sort) or None
        cursor = collection.find(one.query, one.projection, sort=sort, limit=one.limit, session=self._session)
        return [await cursor.to_list(None)]
