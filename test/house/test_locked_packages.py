# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a machine without ROS installs is known byte by byte: versions, hashes, and by whom."""

import json
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


def test_the_bill_of_materials_names_all_that_is_installed_with_the_hashes_of_the_lock(tmp_path):
    """What `make sbom` writes; it was written by a tool of an index, whose packages were free."""
    path = tmp_path / 'a folder' / 'sbom.json'
    path.parent.mkdir()
    result = subprocess.run(['make', '-s', 'sbom', f'SBOM={path}'], cwd=ROOT, capture_output=True,
                            text=True, timeout=600, check=False)
    assert result.returncode == 0, result.stderr
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    bill = json.loads(path.read_text())
    assert (bill['bomFormat'], bill['specVersion'], bill['version']) == ('CycloneDX', '1.6', 1)
    components = {each['name']: each for each in bill['components']}
    asked = subprocess.run(
        [ROOT / '.venv' / 'bin' / 'python', '-c', 'import importlib.metadata as m\n'
         'for d in m.distributions(): print(d.metadata["Name"], d.version)'],
        capture_output=True, text=True, check=True).stdout
    installed = {canonical(name): version for name, version in map(str.split, asked.splitlines())}
    installed.pop('baby-cry-detector', None)
    assert {name: each['version'] for name, each in components.items()} == installed
    locked = {(canonical(name), version): set(re.findall('sha256:([0-9a-f]{64})', hashes))
              for file in (FOLDER / 'lock').glob('*.txt')
              for name, version, hashes in LOCKED.findall(file.read_text())}
    with_hashes = [each for each in components.values()
                   if (each['name'], each['version']) in locked]
    for each in with_hashes:
        assert locked[each['name'], each['version']] <= {
            one['content'] for one in each['hashes'] if one['alg'] == 'SHA-256'}
        assert each['purl'] == f'pkg:pypi/{each["name"]}@{each["version"]}'
    # Each reference names one thing, and what depends on something names what is there.
    references = [each['bom-ref'] for each in bill['components']]
    own = bill['metadata']['component']
    assert own['name'] == 'baby_cry_detector' and own['version']
    assert len({*references, own['bom-ref']}) == len(references) + 1
    assert {each['ref'] for each in bill['dependencies']} == {*references, own['bom-ref']}
    assert {need for each in bill['dependencies'] for need in each['dependsOn']} <= {*references}
    rich, = (each for each in bill['dependencies'] if each['ref'].startswith('pkg:pypi/rich@'))
    assert any(need.startswith('pkg:pypi/pygments@') for need in rich['dependsOn'])


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
