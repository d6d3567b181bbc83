"""`python -m tests.corpus [word …]`: read the files whose path holds one of the words; exit 1 when any differs."""

import sys
import traceback
from pathlib import Path

from tests.corpus.compare import differences
from tests.corpus.expected import HERE, expected_of, files
from tests.corpus.observed import observe


def main(words: list[str]) -> int:
    """Print every difference; the number of files that differ, at most 1, is the exit code."""
    red = 0
    chosen = [file for file in files() if not words or any(word in file.as_posix() for word in words)]
    for file in chosen:
        lines = _lines(file)
        if lines:
            red += 1
            print(file.relative_to(HERE), *lines, sep="\n    ")
    print(f"{len(chosen) - red} of {len(chosen)} as expected")
    return min(red, 1)


def _lines(file: Path) -> list[str]:
    expected = expected_of(file)
    try:
        return differences(expected, observe(file, expected))
    except Exception:
        return ["raised", *traceback.format_exc().splitlines()[-3:]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
