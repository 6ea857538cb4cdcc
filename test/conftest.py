# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What tests of more than one room need."""

import os
import subprocess

import pytest

# What takes a minute or more of mostly waiting, longest first: begun last, it would keep everybody
# waiting while the other workers have nothing left to do. A file that is missing here costs
# nothing but time.
LONGEST_FIRST = (
    'machines/test_several_machines.py', 'own/test_own_sound_played.py',
    'motion/test_rocker_lies.py', 'own/test_own_sound.py', 'care/test_caregiver_alert.py',
    'page/test_caregiver_page_care.py', 'page/test_caregiver_page_browser.py',
    'shell/test_lifecycle.py', 'care/test_soother.py', 'motion/test_rocker_safety.py',
    'shell/test_live.py', 'motion/test_rocker_node.py')


def pytest_collection_modifyitems(items):
    """Begin with what takes longest, then the graph's other tests, then what calculates."""
    def rank(item):
        _, _, name = item.nodeid.partition('::')[0].partition('/graph/')
        if name in LONGEST_FIRST:
            return LONGEST_FIRST.index(name)
        return len(LONGEST_FIRST) + (not name)
    items.sort(key=rank)


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
