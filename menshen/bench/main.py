"""`menshen bench`: measure, print, keep; never judge."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from menshen.options import SERVICES
from menshen.supervisor import CannotStart
from menshen.terminal import Terminal

ROUNDS = 3
Data = Annotated[Path, typer.Option(help="Folder of the results; the measured district lives in `bench` beneath it.")]


@dataclass(frozen=True)
class Wanted:
    """What to measure, how often, where."""

    parts: list[str]
    rounds: int
    base_port: int
    data: Path


def bench(
    only: Annotated[str, typer.Option(help="The parts to measure, as in scans,events; all if left out.")] = "",
    rounds: Annotated[int, typer.Option(min=1, max=50, help="Rounds of each pair.")] = ROUNDS,
    data: Data = Path(".menshen"),
    base_port: Annotated[int, typer.Option(min=1026, max=65000, help="First of the private ports.")] = 17800,
) -> None:
    """Measure how fast, against what, and how it grows. Takes its own servers and most of an hour; asserts nothing."""
    from menshen.bench.cases import CASES  # noqa: PLC0415  # a second that `menshen --help` should not wait for

    parts = [name.strip() for name in only.split(",") if name.strip()] or list(CASES)
    if unknown := sorted(set(parts) - set(CASES)):
        message = f"{', '.join(unknown)}: no such part; there are {', '.join(CASES)}"
        raise typer.BadParameter(message, param_hint="--only")
    try:
        asyncio.run(_measure(Wanted(parts, rounds, base_port, data.absolute()), Terminal()))
    except CannotStart as fault:
        Terminal(2).say(f"menshen: {fault}")
        raise typer.Exit(1) from None


async def _measure(wanted: Wanted, terminal: Terminal) -> None:
    from menshen.bench import stage, table  # noqa: PLC0415
    from menshen.bench.cases import ALONE, CASES, SERVERS_ONLY  # noqa: PLC0415

    data = wanted.data
    for name in wanted.parts:
        terminal.say(f"{name}:")
        at = (data / "bench", wanted.rounds, terminal, wanted.base_port)
        services = () if name in SERVERS_ONLY else SERVICES
        async with stage.empty(*at) if name in ALONE else stage.opened(*at, services) as one:
            async for row in CASES[name](one):
                for line in table.lines(row):
                    terminal.say(line)
                # Kept at once: what is measured already survives whatever comes after.
                rows = table.merged(data / "bench.json", [row])
                table.draw(data / "bench.svg", rows)
    terminal.say(f"Kept in {data / 'bench.json'} and {data / 'bench.svg'}")
