"""From `menshen up` until it says that the district is up: on a new data folder, and again on the same one."""

from collections.abc import AsyncIterator, Mapping, Sequence
from statistics import median

from menshen.bench.launch import Launch, launched
from menshen.bench.stage import Stage, emptied
from menshen.bench.table import Row, plain


async def measure(stage: Stage) -> AsyncIterator[Row]:
    """Start cold, with the packages installed and nothing else, and warm, in turn."""
    starts: dict[str, list[Launch]] = {"cold": [], "warm": []}
    for _ in range(stage.rounds):
        emptied(stage.folder / "up")
        for launches in starts.values():
            async with launched(stage) as one:
                launches.append(one)
    for kind, several in starts.items():
        yield plain(f"{kind}_start_s", "s", [one.seconds for one in several], steps_s=_steps(several))


def _steps(launches: Sequence[Launch]) -> Mapping[str, float]:
    """Return the median of each step's seconds; `before and between` is what no step accounts for."""
    steps = {step: round(median(one.steps[step] for one in launches), 2) for step in launches[0].steps}
    rest = median(one.seconds - sum(one.steps.values()) for one in launches)
    return {**steps, "before and between": round(rest, 2)}
