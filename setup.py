# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Install the ROS-free core (audio, features, model, decision, training, command line) with pip.

On a robot colcon builds the whole package from CMakeLists.txt; this is for a training workstation.
"""

from pathlib import Path
import re

from setuptools import Extension, find_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(r"__version__ = '(.+)'",
                    (ROOT / 'baby_cry_detector' / '__init__.py').read_text()).group(1)

setup(
    name='baby_cry_detector',
    version=VERSION,
    description='Hear a baby cry: streaming descriptors, attention-gate LSTM, honest evaluation',
    license='Apache-2.0',
    packages=find_packages(include=['baby_cry_detector', 'baby_cry_detector.*'],
                           exclude=['baby_cry_detector.ros', 'baby_cry_detector.ros.*']),
    package_data={'baby_cry_detector.checkpoints': ['*.npz'],
                  'baby_cry_detector.page': ['assets/*']},
    # Loaded with ctypes; where it can't be built, Python computes the same.
    ext_modules=[Extension(
        'baby_cry_detector.research.descriptors._period_walk', ['baby_cry_detector/research/descriptors/period_walk.c'],
        extra_compile_args=['-std=c99', '-O3', '-ffp-contract=off', '-fno-math-errno'],
        libraries=['m'], optional=True)],
    python_requires='>=3.10',
    install_requires=['numpy>=1.26', 'scipy>=1.11', 'soundfile>=0.12', 'rich>=13',
                      'PyYAML>=6'],
    extras_require={
        'alerts': ['paho-mqtt>=1.6', 'apprise>=1.4'],
        'microphone': ['pyaudio'],
        'training': ['torch>=2.1', 'matplotlib>=3.7', 'tqdm>=4.64'],
        'baseline': ['scikit-learn>=1.3'],
        'onnx': ['onnx', 'onnxruntime'],
        'bags': ['rosbags>=0.11'],
        'plot': ['pillow>=9'],
        'page': ['aiohttp>=3.8', 'qrcode>=7'],
        'test': ['pytest>=8', 'pytest-timeout>=2', 'pytest-rerunfailures>=12', 'hypothesis>=6'],
    },
    entry_points={'console_scripts': ['baby-cry = baby_cry_detector.cli.main:main']},
    zip_safe=False,
)
