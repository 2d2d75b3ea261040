"""The command ``huijian`` as it is installed: the commands of the inspection, the model and the service."""

from __future__ import annotations

import os

import typer

from api.batches.commands import batch
from api.commands import agreement, corrections, database_app, reset_password, serve, worker
from models.commands import data_app, demo_org
from qa_pipeline.cli import app
from qa_pipeline.cli import batch as inspect_here

app.registered_commands = [known for known in app.registered_commands if known.callback is not inspect_here]


@app.callback()
def _warn() -> None:
    """会鉴：质检周复盘会与月规划会的录音，给出能量值、依据与改进建议。"""
    if any(name.startswith("HUIJIAN_") for name in os.environ):
        from api.settings import misspelt

        for told in misspelt():
            typer.echo(f"提醒：{told}", err=True)


app.command()(batch)
app.add_typer(database_app, name="database")
app.add_typer(data_app, name="data")
app.command("demo-org")(demo_org)
app.command()(serve)
app.command()(worker)
app.command()(reset_password)
app.command()(agreement)
app.command()(corrections)

__all__ = ["app"]

if __name__ == "__main__":
    app()
