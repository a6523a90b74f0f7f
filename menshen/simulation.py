"""`menshen simulate`: play a district with a fixed seed, then check what must hold."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from menshen.options import SERVICES, Options, parse_workers
from menshen.supervisor import CannotStart
from menshen.terminal import Terminal

DAY_MINUTES = 24 * 60

Minutes = Annotated[float, typer.Option(min=0.1, help="Minutes of the wall clock to play.")]
Speed = Annotated[
    float | None, typer.Option(min=1, help="Simulated minutes in each; a whole day in all of them if left out.")
]
KillEvery = Annotated[float | None, typer.Option(min=1, help="Kill a random service process every so many seconds.")]
Workers = Annotated[str, typer.Option(help="Processes of each service, as in 3 or gate=3,alerts=2.")]
Data = Annotated[Path, typer.Option(help="Folder of the district; one that runs on it is attached to.")]


def simulate(
    compounds: Annotated[int, typer.Option(min=1, max=500, help="Compounds, in communities of ten.")] = 2,
    residents: Annotated[int, typer.Option(min=10, max=1_000_000, help="Residents of all compounds.")] = 200,
    minutes: Minutes = 1,
    speed: Speed = None,
    seed: Annotated[int, typer.Option(help="The same seed plays the same plan.")] = 2020,
    workers: Workers = "1",
    kill_every: KillEvery = None,
    data: Data = Path(".menshen-simulation"),
    url: Annotated[str | None, typer.Option(help="The gateway of a running district, if it is not its own.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The gateway's port.")] = 8180,
    base_port: Annotated[int, typer.Option(min=1024, max=65000, help="First of the private ports.")] = 17400,
) -> None:
    """Play a whole district, then check that nothing was lost and nothing happened twice. Exit status 0: all holds."""
    data = data.absolute()
    options = Options(
        data=data,
        host="127.0.0.1",
        port=port,
        base_port=base_port,
        services=SERVICES,
        workers=parse_workers(workers, SERVICES),
        mongo_url=None,
        amqp_url=None,
        demo=True,
    )
    of_a_day = max(1.0, DAY_MINUTES / minutes)
    holds = _play(options, (seed, compounds, residents), (minutes, speed or of_a_day), (kill_every, url))
    raise typer.Exit(0 if holds else 1)


def _play(
    options: Options,
    people: tuple[int, int, int],
    pace: tuple[float, float],
    how: tuple[float | None, str | None],
) -> bool:
    # The services' libraries take a second to load, which `menshen --help` should not wait for.
    from menshen.simulate.people import Population  # noqa: PLC0415
    from menshen.simulate.plan import Scenario  # noqa: PLC0415
    from menshen.simulate.run import LIMITS, Wanted, run  # noqa: PLC0415

    number = 1 + len(list(options.data.glob("simulation-*.sqlite")))
    scenario = Scenario(Population(*people, run=number), *pace)
    kill_every, url = how
    wanted = Wanted(scenario=scenario, options=replace(options, extra=LIMITS), kill_every=kill_every, url=url)
    terminal = Terminal()
    try:
        report = asyncio.run(run(wanted, number, terminal))
    except CannotStart as fault:
        Terminal(2).say(f"menshen: {fault}")
        return False
    except KeyboardInterrupt:
        Terminal(2).say("menshen: stopped before the end, so nothing is known")
        return False
    for line in report.lines():
        terminal.say(line)
    terminal.say(f"The same as JSON: {options.data / f'simulation-{number}.json'}")
    return report.holds
