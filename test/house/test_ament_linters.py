# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The linters of ROS themselves, where they are installed: which are clean, and what one says."""

from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What a checkout holds; what is built beside it is no source. A file that is named is checked
# whatever its ending.
FOLDERS = ('baby_cry_detector', 'benchmarks', 'cmake', 'config', 'docs', 'examples', 'launch',
           'test', 'tools', 'underlay')

pytestmark = pytest.mark.skipif(not (ROOT / 'docs').is_dir(), reason='needs the source tree')


def run(linter, capfd, monkeypatch, *files):
    """Return a linter's exit code and what it said of all folders and ``files``."""
    pytest.importorskip(linter, reason=f'needs the ROS 2 package {linter}')
    monkeypatch.chdir(ROOT)
    result = import_module(f'{linter}.main').main([*files, *FOLDERS])
    return result, ''.join(capfd.readouterr())


@pytest.mark.parametrize('linter, file', [
    ('ament_flake8', 'setup.py'), ('ament_pep257', 'setup.py'),
    ('ament_lint_cmake', 'CMakeLists.txt')])
def test_clean(linter, file, capfd, monkeypatch):
    result, said = run(linter, capfd, monkeypatch, file)
    assert result == 0, said
    assert 'No problems found' in said


def test_package_files_are_what_their_schema_says(capfd, monkeypatch):
    result, said = run('ament_xmllint', capfd, monkeypatch, 'package.xml')
    if 'failed to load external entity' in said:
        pytest.skip('needs download.ros.org, where the schema lies')
    assert result == 0, said


def test_the_one_that_is_left_out_misses_the_licence_text_alone(capfd, monkeypatch):
    # It knows licences by their whole header (docs/develop/decisions.md): every file is called
    # unknown, and none is without its holder.
    result, said = run('ament_copyright', capfd, monkeypatch)
    findings = [line for line in said.splitlines() if ': ' in line]
    assert result == 1 and len(findings) > 500
    assert [line for line in findings if not line.endswith(
        'copyright=The baby_cry_detector authors (2026), license=<unknown>')] == []
