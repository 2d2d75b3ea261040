"""The first screen: what waits for whoever signed in."""

from __future__ import annotations

from nicegui import ui

from api.console.frame import View, screen


def register() -> None:
    """Add the screen."""
    screen("/", title="首页")(home)


async def home(view: View) -> None:
    ui.label(f"{view.name}，您好").classes("lead")
