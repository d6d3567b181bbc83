"""Signaalpoort: what we do about what is said. A signal walks one way through here:

bytes -> intake -> parse -> validate -> agreement -> route -> deliver -> feedback -> relay
"""

__version__ = "0.1.0"
