"""Group commit: who shares a group with whom, and what each of it is told."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.errors import DomainError, Transient, conflict
from shared.group_commit import MOST, GroupCommit, Traced
from shared.tracing import traceparent


class Book:
    """Commits groups as it is told to, and remembers them."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.traces: list[str | None] = []
        self.open = asyncio.Event()
        self.open.set()

    async def commit(self, group: Sequence[Traced[str]]) -> list[str | DomainError]:
        self.groups.append([one.command for one in group])
        self.traces += [one.trace for one in group]
        await self.open.wait()
        if any(one.command == "poison" for one in group):
            raise ValueError
        if any(one.command == "away" for one in group):
            raise Transient
        return [conflict("no") if one.command == "refused" else one.command.upper() for one in group]


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def commits(book: Book) -> GroupCommit[str, str]:
    return GroupCommit(book.commit)


async def together(commits: GroupCommit[str, str], book: Book, *commands: str) -> list[str | BaseException]:
    """Let one command be under way, and these wait behind it."""
    book.open.clear()
    first = asyncio.create_task(commits.run("first"))
    while not book.groups:
        await asyncio.sleep(0)
    waiting = [asyncio.create_task(commits.run(one)) for one in commands]
    await asyncio.sleep(0)
    book.open.set()
    await first
    return await asyncio.gather(*waiting, return_exceptions=True)


class TestGroups:
    async def test_one_alone_goes_at_once(self, commits: GroupCommit[str, str], book: Book) -> None:
        """Nobody waits for others who may never come."""
        answer = await commits.run("a")

        assert (answer, book.groups) == ("A", [["a"]])

    async def test_those_who_come_meanwhile_go_together_in_their_order(
        self, commits: GroupCommit[str, str], book: Book
    ) -> None:
        """What queues up while one is written shares the next transaction."""
        answers = await together(commits, book, "a", "b", "c")

        assert answers == ["A", "B", "C"]
        assert book.groups == [["first"], ["a", "b", "c"]]

    async def test_a_crowd_goes_in_groups(self, commits: GroupCommit[str, str], book: Book) -> None:
        """A transaction without a bound would hold what it writes for ever."""
        answers = await together(commits, book, *["a"] * (MOST + 1))

        assert answers == ["A"] * (MOST + 1)
        assert [len(group) for group in book.groups] == [1, MOST, 1]

    async def test_each_event_belongs_to_its_own_request(self, commits: GroupCommit[str, str], book: Book) -> None:
        """Who looks for a trace finds its own steps, not those of whoever stood beside."""

        async def traced(name: str) -> None:
            traceparent.set(name)
            await commits.run(name)

        await asyncio.gather(traced("a"), traced("b"))

        assert book.traces == ["a", "b"]


class TestAnswers:
    async def test_a_refusal_is_its_own(self, commits: GroupCommit[str, str], book: Book) -> None:
        """One rule's no says nothing about the others of the group."""
        first, refused, last = await together(commits, book, "a", "refused", "c")

        assert (first, last) == ("A", "C")
        assert isinstance(refused, DomainError)
        assert refused.code == "no"

    async def test_one_that_fails_takes_no_other_with_it(self, commits: GroupCommit[str, str], book: Book) -> None:
        """The group is undone, and each of it is tried alone."""
        first, poison, last = await together(commits, book, "a", "poison", "c")

        assert (first, last) == ("A", "C")
        assert isinstance(poison, ValueError)
        assert book.groups[2:] == [["a"], ["poison"], ["c"]]

    async def test_an_absent_database_is_not_asked_for_each(self, commits: GroupCommit[str, str], book: Book) -> None:
        """A hundred time-outs one after the other would help nobody; each is told to come again."""
        answers = await together(commits, book, "a", "away")

        assert [type(one) for one in answers] == [Transient, Transient]
        assert book.groups == [["first"], ["a", "away"]]

    async def test_a_client_that_left_stands_in_nobodys_way(self, commits: GroupCommit[str, str], book: Book) -> None:
        """Its scan is stored all the same: it had been sent."""
        book.open.clear()
        gone = asyncio.create_task(commits.run("gone"))
        while not book.groups:
            await asyncio.sleep(0)
        stays = asyncio.create_task(commits.run("stays"))
        await asyncio.sleep(0)
        gone.cancel()
        book.open.set()

        assert await stays == "STAYS"
        assert book.groups == [["gone"], ["stays"]]
