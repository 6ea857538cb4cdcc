# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What `pip install .` needs beside pyproject.toml: the packages without ROS, data, compiled parts.

On a robot colcon builds the whole package from CMakeLists.txt; this is for a workstation.
"""

from pathlib import Path

from setuptools import Extension, find_packages, setup

# Loaded with ctypes; where they can't be built, Python computes the same.
PACKAGE = Path('baby_cry_detector')
core = Extension(
    'baby_cry_detector._core',
    [str(PACKAGE / 'core.c'), *(
        str(path) for room in ('audio', 'features', 'model', 'decision', 'stream')
        for path in sorted((PACKAGE / room).rglob('*.c')))],
    depends=[str(path) for path in PACKAGE.rglob('*.h')],
    extra_compile_args=['-std=c99', '-O3', '-ffp-contract=off', '-fno-math-errno',
                        '-fno-trapping-math'],
    libraries=['m'], optional=True)
period_walk = Extension(
    'baby_cry_detector.research.descriptors._period_walk',
    ['baby_cry_detector/research/descriptors/period_walk.c'],
    extra_compile_args=['-std=c99', '-O3', '-ffp-contract=off', '-fno-math-errno'],
    libraries=['m'], optional=True)

setup(
    packages=find_packages(include=['baby_cry_detector', 'baby_cry_detector.*'],
                           exclude=['baby_cry_detector.ros', 'baby_cry_detector.ros.*']),
    package_data={'baby_cry_detector.checkpoints': ['*.npz'],
                  'baby_cry_detector.page': ['assets/*'],
                  'baby_cry_detector': ['py.typed']},
    # Where the shipped policy is looked for: share/ of the prefix, as colcon installs it.
    data_files=[('share/baby_cry_detector/config', ['config/policy.yaml'])],
    ext_modules=[core, period_walk],
    zip_safe=False)
