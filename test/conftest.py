# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What tests of more than one room need."""

import os
import subprocess

import pytest

# As the nodes and `baby-cry` do, before anything imports NumPy or torch: their threads wait for
# each other by turning round, and three tests at once on two cores spend most of the time so.
for name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS'):
    os.environ.setdefault(name, '1')


def pytest_collection_modifyitems(config, items):
    """Begin with the graph's tests where files run side by side: they wait, the others calculate.

    So several graphs wait together, and what is left at the end are short files that keep every
    core busy. The other way round the longest file of all runs alone at the end. First of all come
    those with sound in real time, which has gaps where a browser takes the cores.
    """
    first = ('test/graph/own/', 'test/graph/devices/', 'test/graph/')
    if hasattr(config, 'workerinput'):
        items.sort(key=lambda item: next(
            (place for place, folder in enumerate(first) if item.nodeid.startswith(folder)),
            len(first)))


@pytest.fixture
def small_disk(tmp_path):
    """Return a function that gives a disk of its own; its options are mount's."""
    mounted = []

    def mount(options):
        disk = tmp_path / 'disk'
        disk.mkdir()
        command = ['mount', '-t', 'tmpfs', '-o', options, 'tmpfs', str(disk)]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
            pytest.skip('mounting a disk takes more rights than these')
        mounted.append(disk)
        return disk

    yield mount
    for disk in mounted:
        subprocess.run(['umount', '-l', str(disk)], check=True)


@pytest.fixture
def fill():
    """Return a function that leaves no room on a disk; return the file that takes it."""
    def write(disk):
        path = disk / 'fill'
        with open(path, 'wb', buffering=0) as file, pytest.raises(OSError):
            while True:
                file.write(bytes(4096))
        return path
    return write
