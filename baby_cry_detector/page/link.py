# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The link to the page: where it is reached, the token that is kept for it, its QR code as text.

The token is kept in a file that only its owner can read, so that a phone needs it once and not
after every restart. Removing the file makes a new one; every phone must then be shown it.
"""

import os
from pathlib import Path
import socket
import sys
from typing import List, Optional, Set

from baby_cry_detector.kept_files import open_to_read
from baby_cry_detector.page.access import is_loopback, is_token, new_token, plain_token

ANY = ('0.0.0.0', '::')
LONGEST_FILE = 10_000
QUIET_ZONE = 2      # modules around a QR code; the standard's 4 does not fit every terminal


def kept_token(path: Path) -> str:
    """
    Return the token in a file; a missing one is made, readable by its owner only.

    :raises OSError: if it can't be read or written.
    :raises ValueError: if the file holds something else.
    """
    try:
        with open_to_read(path) as file:
            token = plain_token(file.read(LONGEST_FILE).decode('utf-8', 'replace'))
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        token = new_token()
        unfinished = path.with_suffix(f'.{os.getpid()}')
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'w') as file:
            file.write(token + '\n')
        os.replace(unfinished, path)
    if not is_token(token):
        raise ValueError(f'{path} holds no token; remove it, and a new one is made')
    return token


def own_address() -> Optional[str]:
    """Return this machine's address in the house network; nothing is sent for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(('192.0.2.1', 9))      # reserved for documentation: routed, never sent
            address = probe.getsockname()[0]
        except OSError:
            return None
    return None if is_loopback(address) else address


def own_names() -> Set[str]:
    """Return the names that this machine has for others."""
    name = socket.gethostname().lower()
    return {name, f'{name.partition(".")[0]}.local'}


def page_address(host: str, port: int) -> str:
    """Return the address to type where a server listens on ``host``."""
    if host in ANY:
        host = own_address() or f'{socket.gethostname().partition(".")[0]}.local'
    return f'http://{f"[{host}]" if ":" in host else host}:{port}/'


def link(host: str, port: int, token: str) -> str:
    """Return the link that shows the token; behind the # it reaches no log of any server."""
    return f'{page_address(host, port)}#token={token}' if token else page_address(host, port)


def qr_text(text: str) -> List[str]:
    """
    Return a QR code as lines of half blocks, dark on light whatever the terminal's colours.

    :raises ImportError: if the package qrcode is not installed.
    """
    import qrcode
    code = qrcode.QRCode(border=QUIET_ZONE,
                         error_correction=qrcode.constants.ERROR_CORRECT_L)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    glyphs = {(False, False): ' ', (True, False): '▀', (False, True): '▄', (True, True): '█'}
    return ['\033[30;107m' + ''.join(glyphs[pair] for pair in zip(upper, lower)) + '\033[0m'
            for upper, lower in zip(rows[::2], rows[1::2])]


def invitation(host: str, port: int, token: str) -> str:
    """Return what to show at start: the link, and its QR code where that can be drawn."""
    address = link(host, port, token)
    lines = ['', f"The caregiver's page: {address}"]
    if token:
        try:
            lines += [*qr_text(address), 'Whoever has this link sees the page: show it to nobody '
                                         'else, and put it into no log.']
        except ImportError:
            lines.append('(a QR code needs the package python3-qrcode)')
    return '\n'.join([*lines, ''])


def show(text: str) -> bool:
    """Write to the terminal of whoever started this, past every log; return whether there is."""
    try:
        with open(os.open('/dev/tty', os.O_WRONLY | os.O_NOCTTY), 'w', encoding='utf-8') as tty:
            tty.write(text + '\n')
        return True
    except OSError:
        return False


def main(arguments: List[str]) -> int:
    """Print link and QR code for a token file and, if another than 8095, the port."""
    try:
        path = Path(arguments[0]).expanduser()
        port = int(arguments[1]) if len(arguments) > 1 else 8095
        os.stat(path)
        print(invitation('0.0.0.0', port, kept_token(path)))
        return 0
    except IndexError:
        print('usage: caregiver_page --link TOKEN_FILE [PORT]', file=sys.stderr)
    except (OSError, ValueError) as error:
        print(f'error: {error}', file=sys.stderr)
    return 1
