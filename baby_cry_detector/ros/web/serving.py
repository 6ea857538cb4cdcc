# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""From a node's parameters to a page that is served: tokens, phones, address."""

from pathlib import Path
from typing import Callable, Optional

from baby_cry_detector.kept_state import state_folder
from baby_cry_detector.page import link
from baby_cry_detector.page.access import Access, check_place, is_loopback, normal_path
from baby_cry_detector.page.files import Site
from baby_cry_detector.page.phones import PhoneFile, Phones
from baby_cry_detector.page.server import Backend, PageServer
from baby_cry_detector.ros.base.parameters import PageSettings

# By what a token file is told from the one with which a phone may also act.
SEE = 'see'


class PageServing:
    """
    Opens the server of one node.

    :param node: a `ManagedNode`; it owns the server that `open` returns.
    :param values: its parameters.
    :param site: what is served.
    :param has_see_token: whether there is a second token, with which a phone may only look.
    :raises OSError: if a token can't be kept.
    :raises ValueError: if a token's file holds something else.
    """

    def __init__(self, node, values: PageSettings, site: Site,
                 has_see_token: bool = False) -> None:
        """Get the tokens where they are needed; nothing is opened."""
        self._node, self._values, self._site = node, values, site
        names = [name.strip() for name in values.host_names.split(',') if name.strip()]
        loopback = is_loopback(values.host)
        always = values.require_token or bool(names)
        self.token = self.see_token = ''
        if always or not loopback:
            self.token = link.kept_token(self._path())
            if has_see_token:
                self.see_token = link.kept_token(self._see_path())
        self._access = Access(loopback, [*names, *(() if loopback else link.own_names())],
                              self.token, always, self.see_token)

    @staticmethod
    def check(values: PageSettings) -> None:
        """Refuse a name where an address is needed: it may be another machine's."""
        check_place(values.host, values.base_path)

    def open(self, backend: Backend,  # noqa: A003  # the opposite of close
             on_failure: Callable[[BaseException], None],
             on_close: Callable[[PageServer], None]) -> PageServer:
        """
        Return a server that the node's present step owns; `start` listens.

        :param on_close: called with it when it is given back.
        """
        phones, kept = Phones(self.token + self.see_token), None
        if self.token:
            kept = PhoneFile(self._path().with_suffix('.phones'))
            try:
                kept.read(phones)
            except (OSError, ValueError) as error:
                self._node.report('phones_forgotten', str(error))
        return self._node.own(PageServer(
            self._access, backend, on_failure, phones, kept.keep if kept else lambda _: None,
            normal_path(self._values.base_path), self._site), on_close)

    def start(self, server: PageServer) -> None:
        """
        Listen, and say where; a token goes to the terminal, never into a log.

        :raises OSError: if that address can't be had.
        """
        host, port = self._values.host, self._values.port
        try:
            server.start(host, port)
        except OSError as error:
            raise OSError(f'the page can not listen on {host}:{port}: {error}') from None
        address = link.page_address(host, server.port)
        say = self._node.get_logger().info
        if not self.token:
            say(f'the page is at {address}, for this machine only')
            return
        program = self._node.get_name()
        for token, path, what in ((self.token, self._path(), ''),
                                  (self.see_token, self._see_path(), ' (to look only)')):
            if token:
                say(f'the page is at {address}, for phones that have shown the token in '
                    f'{path}{what}; `{program} --link {path}` shows the link')
                link.show(link.invitation(host, server.port, token))

    def address(self, server: PageServer) -> str:
        """Return where the page is."""
        return link.page_address(self._values.host, server.port)

    def _path(self) -> Path:
        if self._values.token_file:
            return Path(self._values.token_file).expanduser()
        name = self._node.get_fully_qualified_name().strip('/').replace('/', '.')
        return state_folder() / f'{name}.token'

    def _see_path(self) -> Path:
        path = self._path()
        return path.with_name(f'{path.stem}.{SEE}{path.suffix}')


def port_of(server: Optional[PageServer]) -> int:
    """Return the port that is listened on, 0 while none is."""
    return 0 if server is None else server.port
