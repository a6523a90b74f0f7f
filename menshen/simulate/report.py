"""What a run came to: the invariants, the figures, as lines and as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from menshen.simulate.invariants import Finding
from menshen.simulate.stage import Stage


@dataclass(frozen=True)
class Report:
    """Everything there is to tell. `quiet` is how many seconds it took until nothing moved any more."""

    stage: Stage
    findings: Sequence[Finding]
    played: float
    quiet: float
    prepared: float
    """Seconds it took to make the world."""

    @property
    def holds(self) -> bool:
        """Whether every invariant holds and every request became known."""
        return all(one.holds for one in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return it for a file, as `make bench` reads it."""
        stage = self.stage
        ledger, clock, plan = stage.client.ledger, stage.clock, stage.scenario
        latencies = stage.client.stopwatch.table()
        return {
            "scenario": {
                "seed": plan.population.seed,
                "compounds": plan.population.compounds,
                "residents": plan.population.residents,
                "minutes": plan.minutes,
                "speed": plan.speed,
            },
            "holds": self.holds,
            "invariants": [one.as_dict() for one in self.findings],
            "seconds": {"prepared": self.prepared, "played": self.played, "until_quiet": self.quiet},
            "throughput": {
                "scans_per_s": stage.figures.scans / max(self.played, 1e-9),
                "requests_per_s": sum(one["count"] for one in latencies) / max(self.played + self.prepared, 1e-9),
            },
            "latencies": latencies,
            "outcomes": {f"{kind} {how.value}": count for (kind, how), count in sorted(ledger.outcomes.items())},
            "errors": {f"{kind}: {code}": count for (kind, code), count in sorted(ledger.codes.items())},
            "decisions": dict(stage.figures.decisions),
            "otherwise": dict(stage.figures.faults),
            "killed": dict(stage.figures.killed),
            "plan": {
                "planned": dict(clock.planned),
                "played": dict(clock.played),
                "not_played": dict(clock.not_played),
                "beyond_the_end": dict(clock.beyond),
                "worst_lag_s": clock.worst_lag,
                "registrations_behind_s": stage.figures.office_lag,
            },
        }

    def lines(self) -> Iterator[str]:
        """Yield the tables."""
        told = self.as_dict()
        yield ""
        yield f"{'No':>2}  {'checked':>9}  {'':<14}  invariant"
        for one in self.findings:
            state = "not applicable" if one.absent else "ok" if one.holds else f"{one.violations} VIOLATED"
            yield f"{one.number:>2}  {'' if one.absent else one.checked:>9}  {state:<14}  {one.sentence}" + (
                f" ({one.absent})" if one.absent else ""
            )
            yield from (f"{'':31}{example}" for example in one.examples)
        yield ""
        yield f"{'action':<18}{'by':<14}{'count':>8}{'p50 ms':>10}{'p99 ms':>10}{'most ms':>10}"
        for row in told["latencies"]:
            figures = "".join(f"{row[name]:>10.1f}" for name in ("p50_ms", "p99_ms", "most_ms"))
            yield f"{row['kind']:<18}{row['via']:<14}{row['count']:>8}{figures}"
        yield ""
        for title in ("seconds", "throughput"):
            yield _line(title, {name: round(value, 1) for name, value in told[title].items()})
        for title in ("decisions", "errors", "otherwise", "killed"):
            yield _line(title, told[title])
        for title, found in told["plan"].items():
            yield _line(title, found if isinstance(found, dict) else {"": round(found, 1)})
        yield ""
        yield "All invariants hold." if self.holds else "NOT all invariants hold."


def _line(title: str, found: dict[str, Any]) -> str:
    return f"{title}: " + (", ".join(f"{name} {count}".strip() for name, count in found.items()) or "none")
