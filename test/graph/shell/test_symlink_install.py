# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`colcon build --symlink-install`, which most people type: the nodes start, from the sources."""

import os
from pathlib import Path
import re
import shutil
import subprocess
import sys

import pytest

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ('package.xml', 'CMakeLists.txt', 'LICENSE', 'NOTICE', 'cmake', 'msg', 'srv', 'launch',
           'config', 'baby_cry_detector')


@pytest.mark.timeout(600)
@pytest.mark.skipif(not (ROOT / 'CMakeLists.txt').exists() or not shutil.which('colcon'),
                    reason='needs a source checkout and colcon')
def test_nodes_of_a_symlink_install_start(tmp_path):
    package = tmp_path / 'src' / 'baby_cry_detector'
    package.mkdir(parents=True)
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, package / name)
    # The interfaces that this node imports; the others take half a minute of a processor.
    lists = package / 'CMakeLists.txt'
    lists.write_text(re.sub(
        r'^  (?:msg|srv)/(?!CryNeed|FrameFeatures|NeedEstimate)\w+\.(?:msg|srv)\n', '',
        lists.read_text(), flags=re.M))
    # A checkout on a share, or out of an archive, may know no modes.
    (package / 'cmake' / 'entry_point.py.in').chmod(0o644)
    generator = ['-GNinja'] if shutil.which('ninja') else []
    build = subprocess.run(
        ['colcon', 'build', '--symlink-install', '--cmake-args', *generator,
         '-DBUILD_TESTING=OFF', f'-DPython3_EXECUTABLE={sys.executable}',
         '-DPython3_FIND_VIRTUALENV=ONLY'],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, 'CMAKE_PREFIX_PATH': os.environ.get('AMENT_PREFIX_PATH', '')})
    assert build.returncode == 0, build.stdout[-3000:]
    prefix = tmp_path / 'install' / 'baby_cry_detector'
    node = prefix / 'lib' / 'baby_cry_detector' / 'cry_classifier'
    assert os.access(node, os.X_OK)
    packages = next((prefix / 'lib').glob('python3*')) / 'site-packages'
    module = Path('baby_cry_detector', 'ros', 'nodes', 'cry_classifier.py')
    assert (packages / module).resolve() == package / module
    # A wrong argument ends a node with a sentence after everything has been imported.
    environment = {**os.environ,
                   'PYTHONPATH': os.pathsep.join(
                       [str(packages), os.environ.get('PYTHONPATH', '')]),
                   'AMENT_PREFIX_PATH': f'{prefix}{os.pathsep}' + os.environ['AMENT_PREFIX_PATH']}
    started = subprocess.run(
        [str(node), '--ros-args', '-p', 'model:=/nowhere/none.npz', '-p', 'autostart:=true'],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    assert '/nowhere/none.npz' in started.stdout, started.stdout
