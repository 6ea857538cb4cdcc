# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Make the ROS wheels' CMake files refer to this virtual environment.

The wheels' exports carry two absolute paths of the machine that built them: its Python
headers and its site-packages. Without the replacement CMake stops at a "non-existent path".
Run with the virtual environment's Python; running it again changes nothing.
"""

from pathlib import Path
import re
import sys
import sysconfig

HEADERS = re.compile(r'/opt/python/cp3\d+-cp3\d+/include/python3\.\d+')
PACKAGES = re.compile(r'/opt/python/cp3\d+-cp3\d+/lib/python3\.\d+/site-packages')


def main():
    """Rewrite every file under share/ that names the build machine; print how many."""
    changed = 0
    for path in Path(sys.prefix, 'share').rglob('*'):
        if not path.is_file():
            continue
        try:
            before = path.read_text(encoding='utf-8')
        except UnicodeDecodeError:
            continue
        after = HEADERS.sub(sysconfig.get_path('include'), before)
        after = PACKAGES.sub(sysconfig.get_path('purelib'), after)
        if after != before:
            path.write_text(after, encoding='utf-8')
            changed += 1
    print(f'{changed} files of the ROS wheels now refer to {sys.prefix}')


if __name__ == '__main__':
    main()
