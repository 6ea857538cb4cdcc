# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Recordings heard by the workers of a Dask cluster, on any number of machines.

The workers need this package and the recordings under the same paths (a shared mount); results
come back to the command, which alone writes them.
"""

from typing import Iterable, Iterator, Set
from urllib.parse import urlsplit

from baby_cry_detector import __version__
from baby_cry_detector.cli.arguments import how_to_install
from baby_cry_detector.research.annotation.hearing import hear, Options
from baby_cry_detector.research.annotation.recordings import Recording
from baby_cry_detector.research.annotation.workers import given_up, Result

CONNECT_S = 30.0
SCHEMES = ('tcp', 'tls', 'ws', 'wss', 'ucx')
#: Handed over in advance for each thread of the workers.
AHEAD = 3


def heard_on_dask(recordings: Iterable[Recording], options: Options,
                  scheduler: str) -> Iterator[Result]:
    """
    Yield the result of each recording as it is done; each once.

    :param scheduler: address, as ``tcp://host:8786``.
    :raises ValueError: if there is no Dask, no scheduler, no worker, or another version there.
    :raises OSError: if the scheduler goes away meanwhile.
    """
    try:
        from dask.distributed import as_completed, Client
    except ImportError as error:
        raise ValueError('--scheduler needs dask[distributed] '
                         f'({error}): {how_to_install("python3-distributed", "dask[distributed]")}'
                         ) from None
    _check_address(scheduler)
    try:
        client = Client(scheduler, timeout=CONNECT_S)
    except (OSError, ValueError) as error:
        raise ValueError(f'--scheduler {scheduler}: cannot be reached '
                         f'({str(error) or type(error).__name__})') from None
    with client:
        _check_versions(client, scheduler)
        threads = sum(client.nthreads().values())
        todo = iter(recordings)
        running: dict = {}

        def submit(count: int) -> Set:
            futures = set()
            for recording in todo:
                future = client.submit(hear, recording, options, pure=False, retries=1)
                running[future.key] = recording
                futures.add(future)
                if len(futures) >= count:
                    break
            return futures

        arriving = as_completed(submit(max(1, AHEAD * threads)))
        for future in arriving:
            recording = running.pop(future.key)
            if future.status == 'finished':
                yield future.result()
            elif client.status != 'running':
                raise OSError(f'{scheduler}: the scheduler is gone; the same command goes on '
                              'where this one ended')
            else:
                yield given_up(recording, _why(future))
            for more in submit(1):
                arriving.add(more)


def _check_address(scheduler: str) -> None:
    """Refuse at once what is no address; Dask would try it for as long as it may."""
    try:
        parts = urlsplit(scheduler if '://' in scheduler else f'tcp://{scheduler}')
        is_address = parts.scheme in SCHEMES and bool(parts.hostname and parts.port)
    except ValueError:                     # of a port that is none, or a half bracket
        is_address = False
    if not is_address:
        raise ValueError(f'--scheduler {scheduler}: expected an address as tcp://host:8786')


def _check_versions(client, scheduler: str) -> None:
    try:
        client.wait_for_workers(1, timeout=CONNECT_S)
    except TimeoutError:
        raise ValueError(f'--scheduler {scheduler}: no worker came within {CONNECT_S:.0f} s'
                         ) from None
    for worker, version in client.run(_version).items():
        if version != __version__:
            raise ValueError(f'--scheduler {scheduler}: the worker {worker} has baby_cry_detector '
                             f'{version}, this command {__version__}')


def _version() -> str:
    from baby_cry_detector import __version__
    return __version__


def _why(future) -> str:
    error = future.exception() if future.status == 'error' else None
    return f'its worker failed ({type(error).__name__}: {error})' if error else future.status
