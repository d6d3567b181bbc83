"""Database: transactions, clock, bulk, notification and failures, the same on both engines."""

import datetime as dt
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from gateway.errors import DiskFullError, IntegrityError, SettingsError, StoreUnavailableError
from gateway.store import migrate
from gateway.store.database import Database, exclusive_process_lock, now_ms, open_database
from gateway.store.schema import destination, generation, signaal_row
from tests.postgres import PostgresServer, running_postgres


def _keys(db: Database) -> list[str]:
    with db.read() as conn:
        return list(conn.execute(sa.select(destination.c.key).order_by(destination.c.key)).scalars())


def _add(conn: sa.Connection, key: str) -> None:
    conn.execute(sa.insert(destination).values(key=key))


def test_a_write_is_committed_when_its_block_ends(database: Database) -> None:
    with database.write() as conn:
        _add(conn, "vps")
    assert _keys(database) == ["vps"]


def test_a_write_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(KeyError), database.write() as conn:  # noqa: PT012  # the block is the transaction
        _add(conn, "vps")
        raise KeyError
    assert _keys(database) == []


def test_a_read_sees_one_snapshot(database: Database) -> None:
    with database.read() as conn:
        query = sa.select(sa.func.count()).select_from(destination)
        assert conn.execute(query).scalar_one() == 0
        with database.write() as other:
            _add(other, "vps")
        assert conn.execute(query).scalar_one() == 0
    assert _keys(database) == ["vps"]


def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises((sa.exc.DBAPIError, StoreUnavailableError)), database.read() as conn:
        _add(conn, "vps")
    assert _keys(database) == []


def test_a_broken_constraint_is_a_defect_and_passes_unchanged(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError), database.write() as conn:  # noqa: PT012  # the block is the transaction
        _add(conn, "vps")
        _add(conn, "vps")


def test_a_state_outside_the_lookup_table_is_refused(database: Database) -> None:
    insert = "INSERT INTO upload (id, partner, channel, state, created_at, attempts) VALUES ('a', 'p', 'c', 99, 0, 0)"
    with pytest.raises(sa.exc.IntegrityError), database.write() as conn:
        conn.exec_driver_sql(insert)


def test_the_clock_of_the_database_runs_in_milliseconds(database: Database) -> None:
    before = time.time_ns() // 1_000_000
    with database.write() as conn:
        first = now_ms(conn)
        time.sleep(0.02)
        second = now_ms(conn)
    assert before - 1 <= first <= time.time_ns() // 1_000_000 + 1
    assert 15 <= second - first <= 2000


def test_bulk_rows_arrive_with_their_nulls(database: Database) -> None:
    columns = ("attempt_no", "row_no", "state", "parcel_no", "position")
    rows = [(1, n, 11 if n % 2 else 0, None if n % 2 else 3, None if n % 2 else n) for n in range(1, 2001)]
    with database.write() as conn:
        database.bulk_insert(conn, signaal_row, columns, iter(rows[:1000]))
        frame = pl.DataFrame(rows[1000:], schema=dict.fromkeys(columns, pl.Int64()), orient="row")
        database.bulk_insert_frame(conn, signaal_row, frame)
    with database.read() as conn:
        found = conn.execute(sa.select(*(signaal_row.c[name] for name in columns)).order_by(signaal_row.c.row_no)).all()
    assert [tuple(row) for row in found] == rows


def test_bulk_text_needs_no_escaping_of_ours(database: Database) -> None:
    awkward = ["a\tb", "c\nd", "e\\N", "f'g\"h", "ß"]
    columns = ("key", "paused", "failures")
    with database.write() as conn:
        database.bulk_insert(conn, destination, columns, ((key, False, 0) for key in awkward))
    assert sorted(_keys(database)) == sorted(awkward)


def test_bulk_insert_refuses_what_it_cannot_do(database: Database) -> None:
    with database.write() as conn:
        with pytest.raises(ValueError, match="no column"):
            database.bulk_insert(conn, destination, ("keys",), [("vps",)])
        with pytest.raises(ValueError, match="only integers"):
            database.bulk_insert_frame(conn, destination, pl.DataFrame({"key": ["vps"]}))


def test_a_listener_wakes_at_commit_and_not_before(database: Database) -> None:
    with database.listen("work") as listener:
        listener.wait(0.05)  # on PostgreSQL the first wait connects
        with database.write() as conn:
            database.notify(conn, "work")
            assert listener.wait(0.05) is False
        assert listener.wait(5) is True
        assert listener.wait(0.05) is False


def test_a_rolled_back_notification_wakes_nobody(database: Database) -> None:
    with database.listen("work") as listener:
        listener.wait(0.05)
        with pytest.raises(KeyError), database.write() as conn:  # noqa: PT012  # the block is the transaction
            database.notify(conn, "work")
            raise KeyError
        assert listener.wait(0.1) is False


def test_many_threads_write_without_losing_one(database: Database) -> None:
    def add() -> None:
        for _ in range(20):
            with database.write() as conn:
                conn.execute(sa.update(generation).values(config=generation.c.config + 1))

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as conn:
        assert conn.execute(sa.select(generation.c.config)).scalar_one() == 120


def test_a_second_process_may_write_beside_the_serving_one(sqlite_url: str, sqlite_database: Database) -> None:
    code = (
        "import sys, sqlalchemy as sa; from gateway.store.database import open_database\n"
        "from gateway.store.schema import destination\n"
        "with open_database(sys.argv[1]) as db:\n"
        "    for n in range(20):\n"
        "        with db.write() as conn:\n"
        "            conn.execute(sa.select(destination)).all()\n"
        "            conn.execute(sa.insert(destination).values(key=f'cli-{n}'))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, sqlite_url]) as process:
        for n in range(150):
            with sqlite_database.write() as conn:
                conn.execute(sa.select(destination)).all()  # what was read must still hold when it is written
                time.sleep(0.005)
                _add(conn, f"serve-{n}")
    assert process.returncode == 0
    assert len(_keys(sqlite_database)) == 170


def test_sqlite_is_durable_at_commit(sqlite_database: Database) -> None:
    with sqlite_database.write() as conn:
        assert conn.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert conn.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert conn.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def test_a_full_disk_says_so(sqlite_database: Database) -> None:
    with pytest.raises(DiskFullError), sqlite_database.write() as conn:  # noqa: PT012  # the block is the transaction
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
        conn.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        conn.exec_driver_sql("CREATE TABLE large AS SELECT zeroblob(1000000) AS b")


def test_a_damaged_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"no database at all" * 1000)
    with open_database(f"sqlite:///{tmp_path}/x.db") as db, pytest.raises(IntegrityError), db.read():
        pass


def test_a_missing_volume_is_unavailable(tmp_path: Path) -> None:
    with open_database(f"sqlite:///{tmp_path}/gone/x.db") as db:
        (tmp_path / "gone").rmdir()
        with pytest.raises(StoreUnavailableError), db.read():
            pass


def test_a_lost_server_is_unavailable_and_its_return_is_noticed() -> None:
    with running_postgres() as server:
        url = server.url("postgres")
        with open_database(url) as db:
            migrate.upgrade(db)
            with pytest.raises(StoreUnavailableError), db.write() as conn:  # noqa: PT012  # the block is the transaction
                pid = conn.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
                server.execute(f"SELECT pg_terminate_backend({pid})")
                conn.exec_driver_sql("SELECT 1")
            _add_through(db, "vps")
            listener = db.listen("work")
            listener.wait(0.05)
            server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
            assert listener.wait(0.1) is False
            assert listener.wait(0.1) is False
            _add_through(db, "ris")
            with db.write() as conn:
                db.notify(conn, "work")
            assert listener.wait(5) is True
            listener.close()
            assert _keys(db) == ["ris", "vps"]
    with open_database(url) as db, pytest.raises(StoreUnavailableError), db.read():
        pass


def _add_through(db: Database, key: str) -> None:
    with db.write() as conn:
        _add(conn, key)


def test_a_defect_quotes_no_values(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError) as caught, database.write() as conn:
        conn.execute(sa.insert(destination).values(key="vps", paused=None, poll_cursor="private"))
    told = "".join(traceback.format_exception(caught.value))
    assert "private" not in told.replace('poll_cursor="private"', "")
    assert "destination" in str(caught.value)


def test_the_message_of_a_failure_quotes_nothing(postgres_server: PostgresServer) -> None:
    url = postgres_server.url("secret_name_of_a_database")
    with open_database(url) as db, pytest.raises((StoreUnavailableError, sa.exc.DBAPIError)) as caught, db.read():
        pass
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "nonsense"])
def test_another_url_refuses_to_start(url: str) -> None:
    with pytest.raises(SettingsError, match=r"database\.url"):
        open_database(url)


def test_one_serving_process_at_a_time(tmp_path: Path) -> None:
    lock = tmp_path / "serving.lock"
    code = (
        "import sys; from pathlib import Path; from gateway.store.database import exclusive_process_lock\n"
        "with exclusive_process_lock(Path(sys.argv[1])): pass\n"
    )
    again = [sys.executable, "-c", code, str(lock)]
    with exclusive_process_lock(lock):
        refused = subprocess.run(again, capture_output=True, check=False, text=True)
    assert refused.returncode == 1
    assert "another process serves this database" in refused.stderr
    assert subprocess.run(again, capture_output=True, check=False).returncode == 0


def test_moments_come_back_as_they_went(database: Database) -> None:
    moment = dt.datetime(2026, 11, 20, 10, 30, 0, 123456, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    with database.write() as conn:
        conn.execute(sa.insert(destination).values(key="vps", polled_at=moment))
    with database.read() as conn:
        assert conn.execute(sa.select(destination.c.polled_at)).scalar_one() == moment
