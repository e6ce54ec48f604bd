"""The command line: what can be typed after ``python app.py``. Nothing but wiring."""

from __future__ import annotations

import logging
from typing import Any

import typer
from typer.core import TyperGroup

from explorer.cli import editing, evaluate, export, publish, serve, worlds
from explorer.cli import models as model_commands
from explorer.terminal import worded
from explorer.training.commands import models, train


class Commands(TyperGroup):
    """The commands. One that fails says why in one line."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Without a command: serve."""
        return super().parse_args(ctx, args or ["serve"])

    def invoke(self, ctx: Any) -> object:
        with worded():
            return super().invoke(ctx)


app = typer.Typer(cls=Commands, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """A map of an Earth that does not exist. Without a command it does the same as "serve"."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    for name in ("httpx", "httpx2"):  # each request
        logging.getLogger(name).setLevel(logging.WARNING)


app.command("serve")(serve.serve)
app.command("publish")(publish.publish)
app.add_typer(worlds.app, name="worlds")
for command in (
    editing.paint,
    editing.edit,
    editing.place,
    editing.guide,
    editing.plan,
    editing.undo,
    editing.redo,
    export.export,
):
    app.command(command.__name__)(command)
app.add_typer(train, name="train")
app.add_typer(evaluate.app, name="evaluate")
models.command("fetch")(model_commands.fetch)
models.command("check")(model_commands.check)
models.command("text-tower")(model_commands.text_tower)
app.add_typer(models, name="model")
