"""What ends the unpacking of a file: the finding that refuses it, as plain text, so that a small process can say it."""


class UnreadableError(Exception):
    """The file cannot be unpacked. `code`: a rule of the table; `vorm` fills its message; `row_no`: where, from 1."""

    def __init__(self, code: str, vorm: str | None = None, row_no: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.vorm = vorm
        self.row_no = row_no


def damaged(why: str) -> UnreadableError:
    """Bytes that do not fit together; `why` in Dutch, for the partner."""
    return UnreadableError("bestand_ingepakt_beschadigd", why)


def too_large(limit_bytes: int) -> UnreadableError:
    """More unpacked bytes than `limit_bytes`."""
    return UnreadableError("bestand_ingepakt_te_groot", f"{limit_bytes >> 20} MiB")
