"""The command line, as `python -m omnipersona`."""

from omnipersona.ui.cli import main

main()
