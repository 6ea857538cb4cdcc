# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Packages that are missing or others of the same name: one sentence, no traceback."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
try:
    from baby_cry_detector.ros.nodes import {module}
except ImportError as error:
    print(error)
"""
OTHERS = {'empty': '', 'other fields': (
    'class _M:\n    @staticmethod\n    def get_fields_and_field_types():\n'
    '        return {"data": "sequence<int16>"}\n'
    'AudioData = AudioDataStamped = AudioInfo = _M\n'),
    'plain classes': 'class AudioData:\n    pass\n'}


@pytest.mark.parametrize('module', ['audio_capture', 'feature_extractor', 'soother', 'diary'])
@pytest.mark.parametrize('other', OTHERS)
def test_another_package_of_that_name_first_on_the_path(tmp_path, other, module):
    package = tmp_path / 'audio_common_msgs'
    (package / 'msg').mkdir(parents=True)
    (package / '__init__.py').write_text('')
    (package / 'msg' / '__init__.py').write_text(OTHERS[other])
    script = tmp_path / 'program.py'       # a file: the wheels start Python anew
    script.write_text(PROGRAM.format(module=module))
    done = subprocess.run([sys.executable, str(script), str(tmp_path)], capture_output=True,
                          text=True, env=os.environ, timeout=120)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.strip().splitlines()
    assert len(lines) == 1 and 'another package of that name comes first' in lines[0], done.stdout
    assert 'ros-drivers/audio_common' in lines[0]
