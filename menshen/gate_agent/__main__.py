"""`python -m menshen.gate_agent`: the same as `menshen gate-agent`, without the libraries of the other commands."""

import typer

from menshen.gate_agent.main import gate_agent

typer.run(gate_agent)
