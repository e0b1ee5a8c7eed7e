"""``python -m cadenza.cli``."""

from cadenza.cli import main

main()
