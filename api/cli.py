"""The command ``huijian`` as it is installed: the inspection's commands and those of the model."""

from __future__ import annotations

from models.commands import data_app, database_app, demo_org
from qa_pipeline.cli import app

app.add_typer(database_app, name="database")
app.add_typer(data_app, name="data")
app.command("demo-org")(demo_org)

__all__ = ["app"]
