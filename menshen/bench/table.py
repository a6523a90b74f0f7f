"""What was measured: one row for each thing, with its floor, and how it is kept, printed and drawn."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

mpl.rcParams["svg.hashsalt"] = "menshen"  # the same figures give the same file


@dataclass(frozen=True)
class Row:
    """One measurement: medians over the rounds; `spread` is the range of the ratios (or values) over their median."""

    row: str
    value: float
    unit: str
    floor: float | None = None
    ratio: float | None = None
    spread: float = 0.0
    rounds: int = 1
    detail: dict[str, Any] = field(default_factory=dict)
    """What belongs to it besides: percentiles, microseconds of processor time for each operation, memory."""


def compared(row: str, unit: str, pairs: Sequence[tuple[float, float]], **detail: Any) -> Row:
    """Make a row of rounds in which a thing and its floor were measured one after the other."""
    ratios = [value / floor for value, floor in pairs]
    return Row(
        row=row,
        value=_short(median(value for value, _ in pairs)),
        unit=unit,
        floor=_short(median(floor for _, floor in pairs)),
        ratio=_short(median(ratios)),
        spread=_spread(ratios),
        rounds=len(pairs),
        detail=detail,
    )


def plain(row: str, unit: str, values: Sequence[float], **detail: Any) -> Row:
    """Make a row of something that has no floor."""
    middle = median(values)
    return Row(row, _short(middle), unit, spread=_spread(values), rounds=len(values), detail=detail)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that so large a share of the others does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def merged(path: Path, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Keep the rows as JSON; those of an earlier run that were not measured again stay."""
    kept = json.loads(path.read_text()) if path.exists() else []
    new = {row.row: asdict(row) for row in rows}
    names = [*(one["row"] for one in kept), *(name for name in new if name not in {one["row"] for one in kept})]
    earlier = {one["row"]: one for one in kept}
    both = [new.get(name) or earlier[name] for name in names]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(both, indent=2) + "\n")
    return both


def lines(row: Row) -> list[str]:
    """Say a row in one line, and beneath it what belongs to it, such as each process's share."""
    against = f"{row.ratio:8.2f} x floor of {row.floor:,.6g}" if row.ratio is not None else ""
    said = [f"{row.row:<32} {row.value:>12,.6g} {row.unit:<12} {against:<34} ±{row.spread:4.0%} of {row.rounds}"]
    single = {name: value for name, value in row.detail.items() if not isinstance(value, dict)}
    several = {name: value for name, value in row.detail.items() if isinstance(value, dict)}
    for name, values in {**({"": single} if single else {}), **several}.items():
        said.append(f"    {name:<14}" + "  ".join(f"{one} {value}" for one, value in values.items()))
    return said


def draw(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Draw the ratios as bars around the floor; a row without a floor is not drawn."""
    drawn = [row for row in rows if row["ratio"]][::-1]
    figure = Figure(figsize=(9, 0.34 * len(drawn) + 1.2), layout="constrained")
    axes = figure.subplots()
    ratios = [row["ratio"] for row in drawn]
    axes.barh([row["row"] for row in drawn], ratios, color="#07a35a", height=0.6)
    axes.axvline(1, color="#444444", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlabel("times the floor, measured in the same minute (log)")
    axes.bar_label(axes.containers[0], labels=[f"{one:.2f}" for one in ratios], padding=3)  # type: ignore[arg-type]
    axes.margins(x=0.15)
    figure.savefig(path, format="svg", metadata={"Date": None})


def _spread(values: Sequence[float]) -> float:
    return _short((max(values) - min(values)) / median(values)) if median(values) else 0.0


def _short(value: float) -> float:
    return float(f"{value:.4g}")
