"""`menshen gate-agent`: the command."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from menshen.gate_agent.options import Options

SECRET = "MENSHEN_DEVICE_SECRET"  # noqa: S105  # where it is, not what it is

Url = Annotated[str, typer.Option(envvar="MENSHEN_URL", help="The gateway's address.")]
Device = Annotated[str, typer.Option(envvar="MENSHEN_DEVICE", help="This device's id.")]
Gate = Annotated[str, typer.Option(envvar="MENSHEN_GATE", help="The gate's id.")]
SecretFile = Annotated[
    Path | None, typer.Option(envvar=f"{SECRET}_FILE", help=f"A file with the device's secret; else {SECRET} holds it.")
]
Folder = Annotated[Path, typer.Option(envvar="MENSHEN_AGENT_DATA", help="Where the scans are kept.")]
Host = Annotated[str, typer.Option(envvar="MENSHEN_AGENT_HOST", help="The address for the gate's readers.")]
Port = Annotated[int, typer.Option(envvar="MENSHEN_AGENT_PORT", min=1, max=65535, help="Its port.")]
Live = Annotated[
    float, typer.Option(envvar="MENSHEN_AGENT_LIVE_SECONDS", min=0.1, max=30, help="How long to wait for the service.")
]
Every = Annotated[
    float, typer.Option(envvar="MENSHEN_AGENT_EVERY", min=0.2, max=3600, help="Seconds between two looks upstream.")
]
Keep = Annotated[
    float, typer.Option(envvar="MENSHEN_AGENT_KEEP_DAYS", min=1, max=365, help="Days to keep delivered scans.")
]
Patience = Annotated[
    float,
    typer.Option(envvar="MENSHEN_AGENT_PATIENCE", min=0, max=600, help="Seconds for a reader to repeat a lost scan."),
]


def gate_agent(
    url: Url,
    device: Device,
    gate: Gate,
    secret_file: SecretFile = None,
    data: Folder = Path(".menshen-gate"),
    host: Host = "127.0.0.1",
    port: Port = 8090,
    live_seconds: Live = 2.0,
    every: Every = 30.0,
    keep_days: Keep = 14.0,
    patience: Patience = 10.0,
) -> None:
    """Run the box beside a gate: readers scan here, with network and without."""
    from menshen.gate_agent.life import CannotStart, run  # noqa: PLC0415  # `menshen --help` need not load all that

    if not urlsplit(url).hostname or urlsplit(url).scheme not in {"http", "https"}:
        raise typer.BadParameter("an address such as https://gateway.example", param_hint="--url")
    options = Options(
        url=url,
        device=device,
        gate=gate,
        secret=_secret(secret_file),
        folder=data.absolute(),
        host=host,
        port=port,
        live_seconds=live_seconds,
        every=every,
        keep=timedelta(days=keep_days),
        patience=patience,
    )
    try:
        asyncio.run(run(options))
    except CannotStart as fault:
        typer.echo(f"menshen: {fault}", err=True)
        raise typer.Exit(1) from None


def _secret(file: Path | None) -> str:
    try:
        secret = file.read_text(encoding="utf-8").strip() if file else os.environ.get(SECRET, "")
    except (OSError, UnicodeDecodeError):
        raise typer.BadParameter("the file cannot be read", param_hint="--secret-file") from None
    if not secret:
        raise typer.BadParameter(f"the device's secret is missing: set {SECRET} or --secret-file")
    return secret
