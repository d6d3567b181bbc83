"""Fuzzing the way of a file from bytes to findings, guided by coverage: whatever is sent gets an answer.

`python -m tests.fuzz [LIBFUZZER OPTIONS] [FOLDER...]`, after `pip install atheris`, which is in no lock file: it is a
tool to run for an hour, not part of the suite. The files of `tests/corpus` are good seeds:

    mkdir -p var/fuzz && python -m tests.fuzz -max_total_time=3600 -max_len=4096 var/fuzz tests/corpus/*/

A crash is written to a file; with such a file as the only argument it is seen again. The laws are in `laws`.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["gateway.stages", "gateway.flow", "gateway.sheets"]):
    from tests.fuzz.laws import one


def main() -> None:
    """Fuzz until told to stop, or try one file."""
    if len(sys.argv) == 2 and Path(sys.argv[1]).is_file():
        one(Path(sys.argv[1]).read_bytes())
        return
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
