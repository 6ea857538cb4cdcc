# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A module of another program that stands first on the path is one sentence to a command."""

import os
import subprocess
import sys

import pytest

COMMAND = 'import sys; from baby_cry_detector.cli.main import main; sys.exit(main(sys.argv[1:]))'


@pytest.mark.parametrize('module', ['soundfile', 'yaml', 'scipy'])
@pytest.mark.parametrize('text', ['def (', 'raise RuntimeError("of another program")',
                                  'import no_such_module_anywhere', 'x = 1 / 0'])
def test_it_is_one_sentence(tmp_path, module, text):
    if module != 'soundfile' and not text.startswith(('def', 'import')):
        pytest.skip('only the reading of files asks for a module with care')
    (tmp_path / f'{module}.py').write_text(text)
    (tmp_path / 'sound.wav').write_bytes(bytes(1000))
    (tmp_path / 'run.py').write_text(COMMAND)
    command = {'yaml': ['policy', 'check'], 'scipy': ['listen', 'sound.wav'],
               'soundfile': ['listen', 'sound.wav']}[module]
    result = subprocess.run(
        [sys.executable, 'run.py', *command], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, 'PYTHONPATH': f'{tmp_path}:{os.environ.get("PYTHONPATH", "")}'})
    assert result.returncode in (1, 2) and not result.stdout
    assert result.stderr.startswith('error: ') and result.stderr.count('\n') == 1
