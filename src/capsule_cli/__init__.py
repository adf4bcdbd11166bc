"""The command line: parse, ask, print. The only package with Typer and Rich."""

__version__ = "0.1.0"
