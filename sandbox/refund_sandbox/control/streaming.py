"""Replies whose content is made in pieces, in threads: neither memory nor the event loop sees the whole."""

import threading
from collections.abc import AsyncIterator, Iterator, Mapping

from starlette.responses import Response, StreamingResponse

from refund_sandbox.core.executor import Executor

_CHUNK_BYTES = 512 * 1024


class Chunks:
    """Pieces of a content, joined to chunks. Threads take them one after the other."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._lock = threading.Lock()

    def take(self) -> bytes:
        """Return the next chunk, empty at the end."""
        with self._lock:
            taken: list[bytes] = []
            size = 0
            for piece in self._pieces:
                taken.append(piece)
                size += len(piece)
                if size >= _CHUNK_BYTES:
                    break
            return b"".join(taken)

    def close(self) -> None:
        """End the work on the pieces, after the chunk that is being made."""
        with self._lock:
            close = getattr(self._pieces, "close", None)
            if close:
                close()


def json_stream(executor: Executor, pieces: Iterator[bytes], headers: Mapping[str, str] | None = None) -> Response:
    """Return a reply with JSON. A short one is complete, a long one is made while it is sent. Call it in a thread."""
    chunks = Chunks(pieces)
    first, second = chunks.take(), chunks.take()
    if not second:
        return Response(first, media_type="application/json", headers=headers)
    return StreamingResponse(_stream(executor, [first, second], chunks), media_type="application/json", headers=headers)


async def _stream(executor: Executor, ready: list[bytes], chunks: Chunks) -> AsyncIterator[bytes]:
    try:
        for chunk in ready:
            yield chunk
        ready.clear()
        while chunk := await executor.run_in_thread_of_control(chunks.take):
            yield chunk
    finally:
        executor.begin_in_thread_of_control(chunks.close)
