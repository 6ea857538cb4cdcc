# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a machine without ROS installs is known byte by byte: versions, hashes, and by whom."""

from pathlib import Path
import re
import subprocess
import sys

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKED = re.compile(r'([a-zA-Z0-9._-]+)==(\S+?)(?: ; [^\\]+)? \\\n((?:    --hash=\S+(?: \\)?\n)+)')
FOLDER = ROOT / 'requirements'

if not FOLDER.exists():
    pytest.skip('the requirements are part of a source checkout', allow_module_level=True)


def canonical(name):
    """Return a project's name as package indexes compare them."""
    return re.sub('[-_.]+', '-', name).lower()


@pytest.mark.parametrize('distro', ('jazzy', 'kilted'))
def test_every_package_has_a_version_and_hashes(distro):
    text = (FOLDER / 'lock' / f'{distro}.txt').read_text()
    packages = {canonical(name): hashes for name, _, hashes in LOCKED.findall(text)}
    for hashes in packages.values():
        assert re.fullmatch(r'(\s*--hash=sha256:[0-9a-f]{64}( \\)?\n)+', hashes)
    # Nothing else stands there: no package without, no other place to take one from.
    rest = [line for line in LOCKED.sub('', text).splitlines() if not line.strip().startswith('#')]
    assert not rest
    asked = {canonical(re.match('[a-zA-Z0-9._-]+', line).group())
             for source in (f'ros_{distro}', 'colcon', 'run')
             for line in (FOLDER / f'{source}.txt').read_text().splitlines()
             if line and not line.startswith('#')}
    assert asked <= set(packages)


def test_a_package_of_other_bytes_is_not_installed(tmp_path):
    """The set-up's own way to install, with a package whose bytes were exchanged."""
    script = (ROOT / 'tools' / 'setup.sh').read_text()
    assert re.search(r'requirements "lock/\$distro" .*\\\n\s+--require-hashes\n', script)
    text = (FOLDER / 'lock' / 'jazzy.txt').read_text()
    (name, version, _), = [found for found in LOCKED.findall(text) if found[0] == 'empy']
    source = tmp_path / f'{name}-{version}'
    source.mkdir()
    (source / 'setup.py').write_text(
        f'from setuptools import setup\nsetup(name={name!r}, version={version!r})\n')
    wheels = tmp_path / 'wheels'
    subprocess.run(['tar', 'czf', f'{source.name}.tar.gz', source.name], cwd=tmp_path, check=True)
    wheels.mkdir()
    (tmp_path / f'{source.name}.tar.gz').rename(wheels / f'{source.name}.tar.gz')
    lock = tmp_path / 'lock.txt'
    lock.write_text(next(match.group() for match in LOCKED.finditer(text)
                         if match.group(1) == 'empy'))
    result = subprocess.run(
        [sys.executable, '-m', 'pip', 'install', '--require-hashes', '--no-index', '--find-links',
         str(wheels), '--target', str(tmp_path / 'there'), '-r', str(lock)],
        capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode and 'DO NOT MATCH THE HASHES' in result.stderr
    assert not list((tmp_path / 'there').glob('*'))
