"""Work one item ahead: a pipeline of threads, each at most one item before the next, so that memory stays bounded.

Items are large: nothing keeps one that was handed on, and no thread begins the next before its last one was taken.
"""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class _End:
    """Marks the end of the items, with the error that ended them, if any."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


@contextmanager
def ahead(items: Iterator[T], *, name: str) -> Iterator[Iterator[T]]:
    """Run `items` in a thread called `name`, one item ahead; an error comes out where the item would have."""
    waiting: queue.Queue[T | _End] = queue.Queue(maxsize=1)
    stop = threading.Event()

    def produce() -> None:
        end = _End()
        try:
            while not stop.is_set():
                waiting.put(next(items))
                waiting.join()
        except StopIteration:
            pass
        except BaseException as error:  # carried over to the thread that iterates
            end = _End(error)
        waiting.put(end)

    def take() -> Iterator[T]:
        held: list[T] = []
        while not isinstance(item := waiting.get(), _End):
            waiting.task_done()
            held.append(item)
            del item
            yield held.pop()
        if item.error is not None:
            raise item.error

    producer = threading.Thread(target=produce, name=name, daemon=True)
    producer.start()
    try:
        yield take()
    finally:
        stop.set()
        while producer.is_alive():
            with _nothing_waiting():
                waiting.get_nowait()
                waiting.task_done()
            producer.join(timeout=0.01)


@contextmanager
def _nothing_waiting() -> Iterator[None]:
    try:
        yield
    except queue.Empty:
        return
