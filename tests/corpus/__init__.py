"""Files as partners send them, each with what is expected of it: `<name>` and beside it `<name>.toml`.

`python -m tests.corpus` reads all of them and prints where the reading and what is expected differ; with a word behind
it only the files whose path holds that word.
"""
