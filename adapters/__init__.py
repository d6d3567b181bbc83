"""How what is said travels: one package per kind of receiving system, and simulators of them.

Adapters import `contracts` only and do not know each other.
"""

DISTRIBUTION = "signaalpoort"
