"""Signaalpoort: what we do about what is said. A signal walks one way through here:

bytes -> intake -> parse -> validate -> agreement -> route -> deliver -> feedback -> relay
"""

import os

# Read when polars is loaded, so set before anything here loads it. A file is processed by a pipeline of threads, and
# several files by several processes: a pool of threads inside every step only gets in their way (a tenth of the time),
# and fewer arenas of memory keep it from being scattered over them.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("_RJEM_MALLOC_CONF", "narenas:2,muzzy_decay_ms:0")

__version__ = "0.1.0"
