# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A real nginx before a page; nothing of it is written outside a test's folder."""

import shutil
import subprocess

from page_harness import wait_until

CONFIGURATION = """
daemon off;
pid %(folder)s/pid;
error_log %(folder)s/error.log;
events {}
http {
  access_log %(folder)s/access.log;
  client_body_temp_path %(folder)s/body;
  proxy_temp_path %(folder)s/proxy;
  fastcgi_temp_path %(folder)s/fastcgi;
  uwsgi_temp_path %(folder)s/uwsgi;
  scgi_temp_path %(folder)s/scgi;
  %(servers)s
}
"""


def no_nginx():
    """Return why there is none here; '' if there is one."""
    return '' if shutil.which('nginx') else "needs Debian's package nginx-light"


class Nginx:
    """It runs with these ``server { … }`` until it is closed."""

    def __init__(self, folder, servers):
        """Start it, and wait until it serves."""
        file = folder / 'nginx.conf'
        file.write_text(CONFIGURATION % {'folder': folder, 'servers': servers})
        self._process = subprocess.Popen(
            ['nginx', '-c', str(file), '-p', str(folder), '-e', str(folder / 'error.log')])
        wait_until((folder / 'pid').exists, what='nginx')

    def close(self):
        """End it."""
        self._process.terminate()
        self._process.wait(20)
