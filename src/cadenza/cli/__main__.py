"""The command line as a module: ``python -m cadenza.cli``."""

from cadenza.cli import main

main()
