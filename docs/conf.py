# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Sphinx: the Markdown files below this one, the API out of the docstrings. Builds offline."""

from pathlib import Path
import sys

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import baby_cry_detector  # noqa: E402  # after the path

project = 'baby_cry_detector'
author = 'The baby_cry_detector authors'
copyright = '2026, The baby_cry_detector authors'  # noqa: A001  # Sphinx's name
version = release = baby_cry_detector.__version__
extensions = ['myst_parser', 'sphinx.ext.autodoc', 'sphinx.ext.viewcode']
source_suffix = {'.md': 'markdown', '.rst': 'restructuredtext'}
exclude_patterns = ['site', 'model/paper_comparison/*']
myst_heading_anchors = 4
# Links to files of the repository (../../msg, ../../config) are right there, and nothing here.
suppress_warnings = ['myst.xref_missing', 'myst.header']
# The shell, torch and the extras are described, not imported.
autodoc_mock_imports = [
    'rclpy', 'torch', 'pyaudio', 'aiohttp', 'qrcode', 'paho', 'apprise', 'matplotlib', 'PIL',
    'rich', 'soundfile', 'std_msgs', 'std_srvs', 'sensor_msgs', 'diagnostic_msgs',
    'audio_common_msgs', 'rcl_interfaces', 'onnx', 'onnxruntime', 'rosbags']
autodoc_default_options = {'members': True, 'show-inheritance': True}
autodoc_member_order = 'bysource'
html_theme = 'alabaster'
html_title = f'baby_cry_detector {version}'
