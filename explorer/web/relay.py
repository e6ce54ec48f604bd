"""Open connections on their way between two processes of the app, each with what was read of it already."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable, Sequence

HEAD = struct.Struct("!cI")  # what it is, and how many bytes follow
CONNECTION, READY = b"c", b"r"
CHUNK, FILES = 2**16, 16  # bytes and descriptors read at once
PAUSE = 1.0  # seconds until connections are taken again, after no descriptor was left for one

Taken = Callable[[socket.socket, bytes], None]  # a connection, and what was read of it


class Channel:
    """This process's end of a pair of stream sockets. All that is sent arrives in order, or it is lost."""

    def __init__(
        self, end: socket.socket, taken: Taken, ready: Callable[[], None], lost: Callable[[], None]
    ) -> None:
        """On the running event loop: ``taken`` gets each connection that comes, ``ready`` is called when the
        other process says that it is, and ``lost`` once, when that process ends or closes its end."""
        self._end, self._taken, self._ready, self._when_lost = end, taken, ready, lost
        self._loop = asyncio.get_running_loop()
        self._read, self._files = bytearray(), deque[int]()
        self._unsent: deque[tuple[memoryview, socket.socket | None]] = deque()
        self._open = True
        end.setblocking(False)
        self._loop.add_reader(end, self._receive)

    def say_ready(self) -> None:
        """Tell the other process that this one takes connections."""
        self._send(HEAD.pack(READY, 0), None)

    def give(self, connection: socket.socket, data: bytes) -> None:
        """Send a connection, which is closed here as soon as it is sent."""
        self._send(HEAD.pack(CONNECTION, len(data)) + data, connection)

    def close(self) -> None:
        """The other process hears of it. What was not sent is closed."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._end)
            self._loop.remove_writer(self._end)
            self._end.close()
            for _, connection in self._unsent:
                if connection is not None:
                    connection.close()
            for file in self._files:
                socket.close(file)

    def _send(self, data: bytes, connection: socket.socket | None) -> None:
        self._unsent.append((memoryview(data), connection))
        self._flush()

    def _flush(self) -> None:
        while self._open and self._unsent:
            data, connection = self._unsent[0]
            try:
                if connection is None:
                    sent = self._end.send(data)
                else:
                    sent = socket.send_fds(self._end, [data], [connection.fileno()])
            except BlockingIOError:
                self._loop.add_writer(self._end, self._flush)
                return
            except OSError:
                self._lose()
                return
            if connection is not None:
                connection.close()
            self._unsent.popleft()
            if sent < len(data):
                self._unsent.appendleft((data[sent:], None))
        if self._open:
            self._loop.remove_writer(self._end)

    def _receive(self) -> None:
        try:
            data, files, _, _ = socket.recv_fds(self._end, CHUNK, FILES)
        except BlockingIOError:
            return
        except OSError:
            data, files = b"", []
        self._files.extend(files)
        if not data:
            self._lose()
            return
        self._read += data
        while len(self._read) >= HEAD.size:
            kind, length = HEAD.unpack_from(self._read)
            if len(self._read) < HEAD.size + length:
                return
            data = bytes(self._read[HEAD.size : HEAD.size + length])
            del self._read[: HEAD.size + length]
            if kind == CONNECTION:
                self._taken(socket.socket(fileno=self._files.popleft()), data)
            else:
                self._ready()

    def _lose(self) -> None:
        if self._open:
            self.close()
            self._when_lost()


class Door:
    """Takes connections from sockets that listen, which other processes may share, while it is open."""

    def __init__(self, sockets: Sequence[socket.socket], taken: Taken) -> None:
        self._sockets, self._taken, self._is_open = sockets, taken, False
        self._loop = asyncio.get_running_loop()

    def open(self) -> None:
        """Take connections from now on."""
        self._is_open = True
        for each in self._sockets:
            each.setblocking(False)
            self._loop.add_reader(each, self._take, each)

    def close(self) -> None:
        """Leave them to others."""
        self._is_open = False
        for each in self._sockets:
            self._loop.remove_reader(each)

    def _take(self, listening: socket.socket) -> None:
        try:
            connection, _ = listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another process was faster, or the client changed its mind
        except OSError:  # no descriptor is left
            self.close()
            self._loop.call_later(PAUSE, self.open)
            return
        self._taken(connection, b"")
