"""What measurements are turned into: rows that say no more than was measured."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from menshen.bench.table import Row, compared, draw, lines, merged, percentile, plain
from menshen.cli import app


class TestRows:
    def test_ratio_is_the_median_of_each_rounds_own(self) -> None:
        """A round's noise falls on both sides, so ratios are taken round by round, not of medians."""
        row = compared("a_vs_b", "x/s", [(10, 10), (30, 10), (8, 4)])

        assert (row.value, row.floor, row.ratio, row.spread, row.rounds) == (10, 10, 2, 1, 3)

    def test_without_a_floor_there_is_no_ratio(self) -> None:
        """Nothing is compared with what was not measured."""
        row = plain("a", "MB", [100, 110, 120])

        assert (row.value, row.floor, row.ratio) == (110, None, None)
        assert row.spread == pytest.approx(20 / 110, rel=1e-3)

    @pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1.0, 100)])
    def test_percentile_is_a_value_that_was_seen(self, share: float, value: int) -> None:
        """Of a hundred values the 99th, not something between two."""
        assert percentile([*range(100, 0, -1)], share) == value

    def test_each_process_has_its_share_in_print(self) -> None:
        """Who asks what a row costs reads it beneath the row."""
        said = lines(Row("a", 1.0, "s", detail={"p50_ms": 2, "cpu_us": {"gate": 3}}))

        assert [one.split() for one in said[1:]] == [["p50_ms", "2"], ["cpu_us", "gate", "3"]]


class TestKept:
    def test_a_part_measured_again_takes_its_own_place(self, tmp_path: Path) -> None:
        """`--only` brings a part up to date and leaves the rest as it was."""
        path = tmp_path / "bench.json"
        merged(path, [Row("a", 1.0, "s"), Row("b", 2.0, "s", floor=1.0, ratio=2.0)])

        rows = merged(path, [Row("c", 4.0, "s"), Row("a", 3.0, "s")])

        assert [(row["row"], row["value"]) for row in rows] == [("a", 3.0), ("b", 2.0), ("c", 4.0)]
        assert json.loads(path.read_text()) == rows
        assert set(rows[0]) == {"row", "value", "unit", "floor", "ratio", "spread", "rounds", "detail"}

    def test_the_picture_shows_what_has_a_ratio(self, tmp_path: Path) -> None:
        """A row without a floor has no place on an axis of ratios."""
        draw(tmp_path / "bench.svg", merged(tmp_path / "b.json", [Row("a", 1.0, "s"), Row("b", 2.0, "s", 1.0, 2.0)]))

        assert (tmp_path / "bench.svg").read_text().lstrip().startswith("<?xml")


def test_an_unknown_part_is_named() -> None:
    """A slip in `--only` is answered with what there is, before anything starts."""
    said = CliRunner().invoke(app, ["bench", "--only", "scnas"])

    assert said.exit_code == 2
    assert "scnas" in said.output
    assert "scans" in said.output
