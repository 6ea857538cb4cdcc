# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The page's web server: an aiohttp application in a thread of its own. No ROS.

It is given the newest state by `publish`, which never blocks and keeps nothing but the newest; it
asks a `Backend` for everything else. Browsers hear changes as server-sent events. One that does
not read what it is sent is dropped.
"""

import asyncio
import concurrent.futures
import contextlib
import socket
import threading
import time
from typing import Any, Awaitable, Callable, Dict, Optional, Protocol, Tuple

from aiohttp import web
from baby_cry_detector.page.access import Access, ACT
from baby_cry_detector.page.answers import as_json, json_answer, read_body, sentence, SLOW_S
from baby_cry_detector.page.files import CRIB, HEADERS, read_files, Site
from baby_cry_detector.page.gate import ANSWER_S as TAKING_S
from baby_cry_detector.page.gate import Gate, logger_of, origin
from baby_cry_detector.page.inputs import check_fields, FORGET, InputError, LONGEST_BODY, SESSION
from baby_cry_detector.page.phones import name_of_phone, Phones
from baby_cry_detector.page.state import clean_text

MOST_STREAMS = 100
# Of one phone, or where none is asked who it is, of one address.
MOST_OWN_STREAMS = 8
# Beyond what the kernel and the transport hold for one that does not read.
UNSENT_BYTES = 16 * 1024
ANSWER_S = 6.0
COOKIE_S = 400 * 24 * 3600      # as long as browsers keep any; `phones` forgets sooner


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Backend(Protocol):
    """What the server asks for; called in the server's threads."""

    def act(self, action: str, fields: Dict[str, Any]
            ) -> 'concurrent.futures.Future[Tuple[bool, str]]':
        """Return the future (succeeded, sentence) of one of the site's actions."""

    def history(self) -> Dict[str, Any]:
        """Return the diary of the last days; may block."""

    def count(self, kind: str) -> None:
        """Count something that an operator may want to know."""


class PageServer:
    """
    Serves one site from `start` until `stop`.

    :param access: who may see it.
    :param phones: who has shown the token.
    :param keep_phones: writes what `Phones.to_document` returns; may raise OSError.
    :param base_path: ``/baby`` where a proxy passes that on too; the page is at both places.
    :param backend: carries requests out.
    :param site: what is served: the page of one crib, or of a ward.
    :param on_failure: called with the exception if the server dies.
    """

    def __init__(self, access: Access, backend: Backend,
                 on_failure: Callable[[BaseException], None] = lambda error: None,
                 phones: Optional[Phones] = None,
                 keep_phones: Callable[[Dict[str, Any]], None] = lambda document: None,
                 base_path: str = '', site: Site = CRIB):
        """Read the files once; nothing is opened."""
        self._access = access
        self._phones = phones if phones is not None else Phones('')
        self._keep_phones = keep_phones
        self._base = base_path
        self._gate: Optional[Gate] = None
        self._backend = backend
        self._on_failure = on_failure
        self._site = site
        self._files = read_files(site)
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._thread: Optional[threading.Thread] = None
        self._stopping = asyncio.Event()         # these two anew for each loop
        self._changed = asyncio.Event()
        self._lock = threading.Lock()
        self._waiting: Optional[str] = None      # newest state, on its way to the loop
        self._state, self._version = '', 0
        self._streams: Dict[asyncio.Transport, str] = {}      # of whom
        self._history_task: Optional['asyncio.Future[str]'] = None
        self.port = 0

    # --- from other threads ----------------------------------------------------------------------
    def start(self, host: str, port: int) -> None:
        """
        Listen; returns once it does.

        :raises OSError: if that address can't be had.
        """
        started: 'concurrent.futures.Future[int]' = concurrent.futures.Future()
        self._thread = threading.Thread(
            target=self._run, args=(host, port, started), name='page', daemon=True)
        self._thread.start()
        try:
            self.port = started.result(timeout=20.0)
        except concurrent.futures.TimeoutError:
            raise OSError(f'the server on {host}:{port} did not start') from None

    def stop(self) -> None:
        """Close every connection and end the thread; safe to call at any time."""
        thread, loop = self._thread, self._loop
        if thread is None:
            return
        with contextlib.suppress(RuntimeError):      # it has ended by itself
            if loop is not None:
                loop.call_soon_threadsafe(self._stopping.set)
        thread.join(timeout=10.0)
        self._thread = None

    def publish(self, snapshot: Dict[str, Any]) -> None:
        """Take the newest state; what nobody has fetched yet is replaced, so nothing piles up."""
        text = as_json(snapshot)
        with self._lock:
            is_on_its_way = self._waiting is not None
            self._waiting = text
            if is_on_its_way or self._loop is None:
                return
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._take)

    @property
    def streams(self) -> int:
        """Return how many browsers are connected."""
        return len(self._streams)

    # --- in the server's thread ------------------------------------------------------------------
    def _run(self, host: str, port: int, started: 'concurrent.futures.Future[int]') -> None:
        try:
            asyncio.run(self._serve(host, port, started))
        except BaseException as error:
            if not started.done():
                started.set_exception(error)
            else:
                self._on_failure(error)

    async def _serve(self, host: str, port: int, started: 'concurrent.futures.Future[int]'
                     ) -> None:
        self._stopping = asyncio.Event()
        self._changed = asyncio.Event()
        application = web.Application(middlewares=[self._guard], client_max_size=LONGEST_BODY)
        for base in dict.fromkeys(('', self._base)):
            for path in self._files:
                application.router.add_get(base + path, self._file)
            history = [('history', self._history)] if self._site.has_history else []
            for name, handler in (('state', self._present), ('events', self._events), *history,
                                  ('role', self._own_role), ('phones', self._list_phones)):
                application.router.add_get(f'{base}/api/{name}', handler)
            for name, handler in (('session', self._session), ('forget_phone', self._forget_phone),
                                  *((action, self._act) for action in self._site.actions)):
                application.router.add_post(f'{base}/api/{name}', handler)
        if self._base:
            application.router.add_get(self._base, self._add_slash)
        runner = web.AppRunner(application, access_log=None, handle_signals=False,
                               logger=logger_of(self._backend.count))
        await runner.setup()
        listening = None
        try:
            assert runner.server is not None         # `setup` makes it
            self._gate = Gate(runner.server, self._backend.count)
            listening = await asyncio.get_running_loop().create_server(
                self._gate, host, port, backlog=128, reuse_address=True)
            with self._lock:
                self._loop = asyncio.get_running_loop()
                self._take_locked()
            started.set_result(listening.sockets[0].getsockname()[1])
            await self._stopping.wait()
        finally:
            with self._lock:
                self._loop = None
            self._changed.set()
            if listening is not None:
                listening.close()
            for transport in list(self._streams):
                transport.abort()
            await runner.cleanup()

    def _take(self) -> None:
        with self._lock:
            self._take_locked()

    def _take_locked(self) -> None:
        if self._waiting is None:
            return
        self._state, self._waiting = self._waiting, None
        self._version += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    # --- who may ---------------------------------------------------------------------------------
    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer for every request: refuse, or let it through; and set the headers."""
        transport, gate = request.transport, self._gate
        response: Optional[web.StreamResponse] = None
        assert gate is not None        # every request has come through it
        is_stream = self._route(request) == '/api/events'
        gate.begin(transport, None if is_stream else TAKING_S)
        try:
            response = self._refusal(request)
            if response is None:
                response = await handler(request)
        except InputError as error:
            response = sentence(400, str(error))
        except web.HTTPException as error:
            response = sentence(error.status, error.reason)
        finally:
            gate.end(transport)
            await self._keep_changes()
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    def _refusal(self, request: web.Request) -> Optional[web.Response]:
        access = self._access
        if not access.host_allowed(request.headers.get('Host')):
            self._backend.count('refused_host')
            return sentence(421, 'this is not the name of this page')
        if not request.raw_path.startswith('/'):       # of another host, whatever Host says
            return sentence(400, 'expected a path')
        if request.method == 'POST':
            if not access.same_origin(request.headers):
                self._backend.count('refused_origin')
                return sentence(403, 'only the page itself may ask for that')
            if request.content_type != 'application/json':
                return sentence(415, 'expected application/json')
        route = self._route(request)
        if route in self._files or route == '/api/session' or request.path == self._base:
            return None
        if access.needs_token(request.headers) and not self._phone(request):
            return sentence(401, 'this phone has not shown the token yet')
        if self._role(request) != ACT and (request.method == 'POST' or route == '/api/phones'):
            return sentence(403, 'this phone may look, and nothing else')
        return None

    def _route(self, request: web.Request) -> str:
        """Return the path within the page, wherever a proxy has it."""
        path = request.path
        return path[len(self._base):] if self._base and path.startswith(
            f'{self._base}/') else path

    def _phone(self, request: web.Request) -> str:
        return self._phones.find(request.cookies.get(self._cookie_name), time.time())

    def _role(self, request: web.Request) -> str:
        """Return what may be done; where no token is asked for, everything."""
        if not self._access.needs_token(request.headers):
            return ACT
        return self._phones.role(self._phone(request))

    async def _own_role(self, request: web.Request) -> web.Response:
        return json_answer(as_json({'role': self._role(request)}))

    async def _keep_changes(self) -> None:
        if self._phones.changed:
            self._phones.changed = False
            try:
                await asyncio.get_running_loop().run_in_executor(
                    None, self._keep_phones, self._phones.to_document())
            except OSError:
                self._backend.count('phones_not_kept')

    @property
    def _cookie_name(self) -> str:
        # Cookies do not tell ports apart, and two cribs may share a machine.
        return f'caregiver_page_{self.port}'

    async def _session(self, request: web.Request) -> web.Response:
        """Take the token once, and give the phone its cookie."""
        values = check_fields(SESSION, await read_body(request))
        role = self._access.role_of(values['token'])
        if not role:
            self._backend.count('wrong_token')
            await asyncio.sleep(0.5)
            return sentence(403, 'that is not the token; the robot shows the right one at start')
        response = sentence(200, 'welcome')
        cookie = self._phones.add(name_of_phone(request.headers.get('User-Agent', ''),
                                                values['name']), time.time(), role)
        response.set_cookie(
            # Without a path: it goes to the folder of this address as the browser sees it, to
            # nobody else behind the same proxy.
            self._cookie_name, cookie, httponly=True, samesite='Strict', path='',
            max_age=COOKIE_S, secure=request.headers.get('Origin', '').startswith('https:'))
        return response

    async def _list_phones(self, request: web.Request) -> web.Response:
        return json_answer(as_json(self._phones.listed(time.time(), self._phone(request))))

    async def _forget_phone(self, request: web.Request) -> web.Response:
        """Shut a phone out; what it looks at is closed."""
        identity = check_fields(FORGET, await read_body(request))['id']
        found = self._phones.forget(identity)
        for transport, whose in list(self._streams.items()):
            if whose == identity:
                del self._streams[transport]
                transport.abort()
        return json_answer(as_json({
            'ok': found, 'message': 'it has to show the token again' if found
            else 'that phone is not known any more'}))

    async def _add_slash(self, request: web.Request) -> web.Response:
        return web.Response(status=308, headers={
            'Location': f'{self._base.rpartition("/")[2]}/'})

    # --- what it serves --------------------------------------------------------------------------
    async def _file(self, request: web.Request) -> web.Response:
        body, kind = self._files[self._route(request)]
        response = web.Response(body=body, content_type=kind,
                                charset='utf-8' if kind.startswith('text/') else None,
                                headers={'Cache-Control': 'no-cache'})
        if not kind.startswith('image/png'):
            response.enable_compression()
        return response

    async def _present(self, request: web.Request) -> web.Response:
        return json_answer(self._state or 'null')

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Send the newest state whenever it changes, until the browser or the server ends."""
        whose = self._phone(request) or origin(request.remote)
        own = [one for one, other in self._streams.items() if other == whose]
        if whose != 'loopback' and len(own) >= MOST_OWN_STREAMS:
            self._backend.count('crowded_out')
            # A phone that has lost its connection does not know it.
            self._streams.pop(own[0])
            own[0].abort()
        elif len(self._streams) >= MOST_STREAMS:
            self._backend.count('too_many_phones')
            return sentence(503, f'more than {MOST_STREAMS} pages are open')
        response = web.StreamResponse(headers={
            **HEADERS, 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store',
            'X-Accel-Buffering': 'no'})
        transport = request.transport
        if transport is None:      # it has gone already
            return response
        self._streams[transport] = whose
        try:
            transport.set_write_buffer_limits(high=UNSENT_BYTES)
            # Else the kernel would take hours of states for one that does not read.
            transport.get_extra_info('socket').setsockopt(
                socket.SOL_SOCKET, socket.SO_SNDBUF, UNSENT_BYTES)
            await response.prepare(request)
            await response.write(b'retry:1000\n\n')
            sent = 0
            while not self._stopping.is_set():
                changed = self._changed
                if self._version != sent and self._state:
                    sent = self._version
                    await asyncio.wait_for(
                        response.write(f'data:{self._state}\n\n'.encode()), SLOW_S)
                await changed.wait()
        except asyncio.TimeoutError:
            self._backend.count('slow_phone')
            transport.abort()
        except ConnectionError:      # it has gone
            pass
        finally:
            self._streams.pop(transport, None)
        return response

    async def _history(self, request: web.Request) -> web.Response:
        """Answer with the diary; everybody who asks meanwhile gets the same reading of it."""
        if self._history_task is None:
            self._history_task = asyncio.get_running_loop().run_in_executor(
                None, self._read_history)
            self._history_task.add_done_callback(self._forget_reading)
        response = json_answer(await asyncio.shield(self._history_task))
        response.enable_compression()
        return response

    def _forget_reading(self, _: object) -> None:
        self._history_task = None

    def _read_history(self) -> str:
        return as_json(self._backend.history())

    async def _act(self, request: web.Request) -> web.Response:
        action = self._route(request).rpartition('/')[2]
        fields = check_fields(self._site.actions[action], await read_body(request))
        future = asyncio.wrap_future(self._backend.act(action, fields))
        try:
            done, message = await asyncio.wait_for(future, ANSWER_S)
        except asyncio.TimeoutError:
            done, message = False, 'the robot did not answer'
        return json_answer(as_json({'ok': done, 'message': clean_text(message)}))
