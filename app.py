"""Endless Earth on the command line."""

from explorer.cli import app

if __name__ == "__main__":
    app()
