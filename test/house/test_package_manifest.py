# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What `package.xml` asks of a machine, `rosdep install` must be able to find."""

from pathlib import Path
import re
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
# System keys looked up in rosdistro's rosdep/python.yaml (22 August 2026), each with a package for
# Debian and Ubuntu. One unknown key, a test's too, makes `rosdep install` refuse all of them:
# look a new one up there before it is added here.
KNOWN_KEYS = frozenset({
    'python3-aiohttp', 'python3-hypothesis', 'python3-matplotlib', 'python3-numpy',
    'python3-paho-mqtt', 'python3-pil', 'python3-pyaudio', 'python3-pytest',
    'python3-pytest-timeout', 'python3-qrcode', 'python3-rich', 'python3-scipy',
    'python3-selenium', 'python3-soundfile', 'python3-torch', 'python3-tqdm', 'python3-yaml'})


@pytest.fixture(scope='module')
def manifest():
    """Return the parsed package.xml."""
    path = ROOT / 'package.xml'
    if not path.exists():
        pytest.skip('package.xml is part of a source checkout')
    return ElementTree.parse(path).getroot()


def keys(manifest, *tags):
    """Return what the tags name."""
    return {element.text for tag in tags for element in manifest.iter(tag)}


def test_rosdep_knows_every_system_key(manifest):
    asked = {key for key in keys(manifest, 'depend', 'build_depend', 'exec_depend', 'test_depend')
             if key.startswith('python3-')}
    assert len(asked) > 10
    assert asked <= KNOWN_KEYS, f'not known to rosdep: {sorted(asked - KNOWN_KEYS)}'


def test_every_folder_of_tests_is_one_of_colcons():
    built = (ROOT / 'CMakeLists.txt').read_text()
    rooms = [f'test/{prefix}{room}'
             for listed, prefix in re.findall(r'foreach\(room ([^)]*)\)\s+ament_add_pytest_test'
                                              r'\(\S+ test/(\S*)\$', built)
             for room in listed.split()]
    rooms += re.findall(r'ament_add_pytest_test\(\w+ (test/\w+) ', built)
    files = sorted((ROOT / 'test').rglob('test_*.py'))
    assert len(rooms) > 20 and len(files) > 200
    assert not [file for file in files if not any(file.is_relative_to(ROOT / room)
                                                  for room in rooms)]


def test_what_tests_import_of_ros_is_a_dependency(manifest):
    imported = {name for path in (ROOT / 'test').rglob('*.py')
                for name in re.findall(r'^\s*from (\w+)\.(?:msg|srv) import', path.read_text(),
                                       re.MULTILINE)}
    assert imported - {'baby_cry_detector'} <= keys(
        manifest, 'depend', 'exec_depend', 'test_depend')


def test_the_robot_needs_no_torch(manifest):
    assert 'python3-torch' not in keys(manifest, 'depend', 'build_depend', 'exec_depend')


def test_one_version(manifest):
    import baby_cry_detector
    assert manifest.findtext('version') == baby_cry_detector.__version__
    heading = re.search(r'^(\d+\.\d+\.\d+)', (ROOT / 'CHANGELOG.rst').read_text(), re.MULTILINE)
    assert heading is None or heading.group(1) == baby_cry_detector.__version__


def test_every_message_and_service_is_built(manifest):
    built = (ROOT / 'CMakeLists.txt').read_text()
    files = [path.relative_to(ROOT).as_posix() for folder in ('msg', 'srv')
             for path in sorted((ROOT / folder).iterdir())]
    assert len(files) >= 8
    for file in files:
        assert file in built
