"""`python -m gateway.cli` is `signaalpoort`."""

from gateway.cli import main

main(prog_name="signaalpoort")
