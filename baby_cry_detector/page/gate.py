# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The gate before the web server: how many connections there may be, and how long they may take.

A connection that asks for nothing holds a file of the process. Each has to finish its request line
and headers in `HEAD_S`, is closed when it is idle for `IDLE_S`, and has `ANSWER_S` to take its
answer. Where there are too many, the one that has asked for nothing for longest goes first, so
that a connection that asks for something is let in; where all are in use, the new one is told so.
"""

import asyncio
import ipaddress
import logging
import socket
from typing import Callable, Dict, Optional, Set

from aiohttp.http_exceptions import HttpProcessingError

MOST_CONNECTIONS = 300
MOST_BY_ADDRESS = 40
# A reverse proxy and whoever sits at the machine.
MOST_BY_LOOPBACK = 250
HEAD_S = 10.0
IDLE_S = 30.0
ANSWER_S = 40.0
# Of one request and what may come with it; beyond it the rest would pile up in memory.
MOST_BYTES = 1_048_576
# Answers on their way, in the kernel: without a limit it keeps megabytes for one that reads none.
SEND_BUFFER_BYTES = 262_144
FULL = (b'HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n'
        b'Retry-After: 5\r\nConnection: close\r\nContent-Length: 26\r\n\r\n'
        b'too many connections here\n')


def logger_of(count: Callable[[str], None]) -> logging.Logger:
    """
    Return where the web server logs what goes wrong in it.

    What is no HTTP is counted as `bad_request`: ten lines of each, with words of whoever sent it,
    would let anybody fill the log.
    """
    logger = logging.Logger('page')
    logger.parent = logging.getLogger('aiohttp.server')

    def is_ours(record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            count('bad_request')
            return False
        return True

    logger.addFilter(is_ours)
    return logger


def origin(address: Optional[str]) -> str:
    """Return what counts as one address: of IPv6, the network of a house."""
    try:
        found = ipaddress.ip_address((address or '').partition('%')[0])
    except ValueError:
        return ''
    if found.version == 6 and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.is_loopback:
        return 'loopback'
    if found.version == 6:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


class Gate:
    """All connections of one server; used in its loop's thread alone."""

    def __init__(self, make_protocol: Callable[[], asyncio.Protocol],
                 count: Callable[[str], None]) -> None:
        """
        Let nobody in yet.

        :param make_protocol: returns the web server's protocol of one connection.
        :param count: called with the kind of what is refused.
        """
        self._make_protocol = make_protocol
        self.count = count
        self._all: Dict[asyncio.BaseTransport, 'Connection'] = {}
        self._by_origin: Dict[str, Set['Connection']] = {}

    def __call__(self) -> 'Connection':
        """Return the protocol of a new connection."""
        return Connection(self, self._make_protocol())

    def __len__(self) -> int:
        return len(self._all)

    def enter(self, connection: 'Connection') -> bool:
        """Return whether a new connection is let in; one that asks for nothing may have to go."""
        same = self._by_origin.setdefault(connection.origin, set())
        most = MOST_BY_LOOPBACK if connection.origin == 'loopback' else MOST_BY_ADDRESS
        for those, limit in ((same, most), (self._all.values(), MOST_CONNECTIONS)):
            if len(those) < limit:
                continue
            waiting = [other for other in those if not other.busy]
            if not waiting:
                self.count('too_many_connections')
                return False
            min(waiting, key=lambda other: other.since_s).drop('crowded_out')
        # Dropping may have emptied and removed it.
        self._by_origin.setdefault(connection.origin, same).add(connection)
        self._all[connection.transport] = connection
        return True

    def leave(self, connection: 'Connection') -> None:
        """Forget a connection that is closed."""
        self._all.pop(connection.transport, None)
        same = self._by_origin.get(connection.origin)
        if same is not None:
            same.discard(connection)
            if not same:
                del self._by_origin[connection.origin]

    def begin(self, transport: Optional[asyncio.BaseTransport],
              limit_s: Optional[float] = ANSWER_S) -> None:
        """Note that a whole head has come; its answer may take ``limit_s``, ``None``: for ever."""
        connection = None if transport is None else self._all.get(transport)
        if connection is not None:
            connection.wait(limit_s, busy=True)

    def end(self, transport: Optional[asyncio.BaseTransport]) -> None:
        """Note that the answer has been given."""
        connection = None if transport is None else self._all.get(transport)
        if connection is not None:
            connection.answered()


class Connection(asyncio.Protocol):
    """One connection: passes everything on, and keeps the time."""

    def __init__(self, gate: Gate, inner: asyncio.Protocol):
        """Be between the two."""
        self._gate, self._inner = gate, inner
        self._timer: Optional[asyncio.TimerHandle] = None
        self._entered = False
        self._transport: Optional[asyncio.Transport] = None
        self.origin = ''
        self.busy = False
        self.since_s = 0.0
        self._bytes = 0

    @property
    def transport(self) -> asyncio.Transport:
        """Return what it writes to."""
        assert self._transport is not None      # asyncio makes the connection before all else
        return self._transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let it in, or tell it that there are too many."""
        assert isinstance(transport, asyncio.Transport)     # a connection is no datagram
        self._transport = transport
        peer = transport.get_extra_info('peername')
        self.origin = origin(peer[0] if isinstance(peer, tuple) and peer else '')
        self._entered = self._gate.enter(self)
        if not self._entered:
            transport.write(FULL)
            transport.close()
            return
        raw = transport.get_extra_info('socket')
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self.wait(HEAD_S, busy=False)
        self._inner.connection_made(transport)

    def wait(self, limit_s: Optional[float], busy: bool) -> None:
        """Close in ``limit_s`` unless something happens."""
        loop = asyncio.get_running_loop()
        self.busy, self.since_s = busy, loop.time()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if limit_s is None else loop.call_later(
            limit_s, self._expire)

    def _expire(self) -> None:
        # An answer that nobody takes is given, but not gone.
        unread = self.busy or self.transport.get_write_buffer_size() > 0
        self.drop('slow_answer' if unread else 'unfinished_request')

    def answered(self) -> None:
        """Wait for the next request."""
        self._bytes = 0
        self.wait(IDLE_S, busy=False)

    def drop(self, why: str) -> None:
        """Close at once; whatever is unsent is lost."""
        self._gate.count(why)
        self._gate.leave(self)
        self.transport.abort()

    def connection_lost(self, error: Optional[Exception]) -> None:
        """Let go of it."""
        if self._timer is not None:
            self._timer.cancel()
        if self._entered:
            self._gate.leave(self)
            self._inner.connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Pass on what came."""
        if not self._entered:
            return
        self._bytes += len(data)
        if self._bytes > MOST_BYTES:
            self.drop('too_much_at_once')
            return
        self._inner.data_received(data)

    def eof_received(self) -> Optional[bool]:
        """Pass on that no more comes."""
        return self._inner.eof_received() if self._entered else None

    def pause_writing(self) -> None:
        """Pass on that the other side does not read."""
        if self._entered:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass on that it reads again."""
        if self._entered:
            self._inner.resume_writing()
