"""`python -m plainsail.cli …` is the `plainsail` command."""

from plainsail.cli.main import cli

cli(prog_name="plainsail")
