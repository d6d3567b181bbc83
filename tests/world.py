"""Put a configured world in a store, and files in its gateway, the way they come there in production."""

from collections.abc import Iterable

from contracts.overeenkomst import Overeenkomst, Signaalpartner
from contracts.row_states import Counts
from gateway.flow.kit import Kit
from gateway.flow.process import process_next
from gateway.flow.receive import Claims, Reception
from gateway.stages.directory import Directory
from gateway.store import overeenkomsten as overeenkomst_store
from gateway.store import rows, uploads
from gateway.store.directory import next_generation, put_object
from gateway.store.uploads import Upload
from tests.builders import a_directory, a_partner, an_overeenkomst


def configure(
    kit: Kit, directory: Directory | None = None, overeenkomsten: Iterable[Overeenkomst] | None = None
) -> Directory:
    """Store a directory and agreements (one of each unless told otherwise); returns the directory."""
    directory = a_directory() if directory is None else directory
    agreed = [an_overeenkomst()] if overeenkomsten is None else list(overeenkomsten)
    with kit.db.write() as conn:
        at = next_generation(conn)
        for objects in (
            directory.systemen.values(),
            directory.gemeenten.values(),
            directory.partners.values(),
            directory.toegangen.values(),
            directory.experimenten,
        ):
            for document in objects:
                put_object(conn, document, owner="file", at_generation=at)
        overeenkomst_store.put(kit.db, conn, agreed, owner="file", moment=kit.clock())
    return directory


def receive(kit: Kit, data: bytes, *, partner: Signaalpartner | None = None, key: str | None = None) -> Upload:
    """Take a file in; the upload that its receipt names."""
    claims = Claims(file_name="achterstanden.csv", idempotency_key=key)
    with Reception(kit, partner or a_partner(), channel="https", claims=claims) as reception:
        reception.write(data)
        return reception.finish().upload


def process(kit: Kit, data: bytes, *, partner: Signaalpartner | None = None) -> Upload:
    """Take a file in and process everything that waits; the upload as it is then."""
    upload = receive(kit, data, partner=partner)
    while process_next(kit):
        pass
    return reload(kit, upload)


def reload(kit: Kit, upload: Upload) -> Upload:
    """The upload as it is now."""
    with kit.db.read() as conn:
        found = uploads.find_by_no(conn, upload.no)
    assert found is not None
    return found


def counted(kit: Kit, upload: Upload) -> Counts:
    """The counts of an upload now; every test that asks proves the equation on the way."""
    with kit.db.read() as conn:
        counts = rows.counts(conn, reload(kit, upload))
    assert counts is not None
    assert counts.reconciles
    return counts
