"""What is said between a signaalpartner, this gateway and a gemeente's system.

Nothing in here does anything: closed, frozen, versioned structures, the ports that adapters
implement, and the code lists. Everything else in the project imports from here; this package
imports nothing of ours.
"""

DISTRIBUTION = "signaalpoort"
"""Names like `contracts` are used by others too; `gateway.bootstrap` checks that this one is ours."""
