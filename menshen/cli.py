"""The command line: each command is a function of its own module, registered here."""

import typer

from menshen import contracts, parked
from menshen.admin import admin
from menshen.bench.main import bench
from menshen.gate_agent.main import gate_agent
from menshen.secrets import generate
from menshen.simulation import simulate
from menshen.up import up

app = typer.Typer(
    help="Menshen: a closed residential community, an epidemic, and nobody in a blind spot.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(up)
app.command()(admin)
app.command()(simulate)
app.command()(bench)
app.command(name="gate-agent")(gate_agent)
app.add_typer(contracts.app, name="contracts")
app.add_typer(parked.app, name="parked")


@app.command()
def keygen() -> None:
    """Print fresh secrets for a deployment, one KEY=value per line; keep them safe, the data depends on them."""
    for name, value in generate().items():
        typer.echo(f"{name}={value}")
