"""Looking for malware before anything of an upload is read. Without a clean verdict it goes no further."""

import logging
from typing import assert_never

from contracts.ports import Clean, Infected, NotScanned
from gateway import log
from gateway.flow.kit import Kit
from gateway.flow.raw_upload import read_raw_upload
from gateway.flow.summary import FileFinding
from gateway.store.uploads import Upload

HARMFUL = "bestand_schadelijk"


class NotScannedError(Exception):
    """No scanner could say whether the bytes are harmful: the upload waits. `reason` is one word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def harmful(kit: Kit, upload: Upload) -> FileFinding | None:
    """The finding that refuses the file; None when it is clean, or when the settings name no scanner.

    The bytes go to the scanner as they were received. Raises NotScannedError. Holds no transaction.
    """
    if kit.scanner is None:
        return None
    assert upload.blob is not None
    verdict = kit.scanner.scan(read_raw_upload(kit, upload_id=upload.id, blob=upload.blob))
    match verdict:
        case Clean():
            return None
        case Infected(name=name):
            log.emit(
                log.UPLOAD_HARMFUL,
                level=logging.ERROR,
                upload_id=upload.id,
                partner=upload.partner,
                signature=name,
            )
            return FileFinding(code=HARMFUL)
        case NotScanned(reason=reason):
            raise NotScannedError(reason)
        case other:
            assert_never(other)
