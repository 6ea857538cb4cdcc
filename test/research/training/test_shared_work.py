# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Work that several processes share: each piece is made once, and one that died is taken over."""

from functools import partial
import os
import subprocess
import sys
import threading

from baby_cry_detector.research.training.feature_store import share

PIECES = ('a', 'b', 'c', 'd')
HOLDER = ('import fcntl, sys; stream = open(sys.argv[1], "a"); '
          'fcntl.flock(stream, fcntl.LOCK_EX); print("held", flush=True); sys.stdin.read()')


def test_two_share_and_both_end_with_all_of_it(tmp_path):
    made, begun, together = [], set(), threading.Barrier(2)

    def make(name, worker):
        if (tmp_path / name).exists():
            return
        if worker not in begun:
            begun.add(worker)
            together.wait(60)           # so each has one when the other begins
        made.append((name, worker))
        (tmp_path / name).write_text('')

    seen = {}

    def work(worker):
        share(tmp_path, {name: partial(make, name, worker) for name in PIECES})
        seen[worker] = [name for name in PIECES if (tmp_path / name).exists()]

    workers = [threading.Thread(target=work, args=(worker,)) for worker in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sorted(name for name, _ in made) == list(PIECES)
    assert {worker for _, worker in made} == {0, 1}
    assert seen == {0: list(PIECES), 1: list(PIECES)}


def test_a_piece_whose_maker_dies_is_taken_over(tmp_path):
    holder = subprocess.Popen([sys.executable, '-c', HOLDER, os.fspath(tmp_path / 'b.lock')],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b'held\n'
    made = []

    def make(name):
        if name in made:
            return
        made.append(name)
        if name == 'c':                 # the last of the first round; b is left to its holder
            holder.kill()

    share(tmp_path, {name: partial(make, name) for name in ('a', 'b', 'c')})
    holder.communicate()
    assert made == ['a', 'c', 'b']
