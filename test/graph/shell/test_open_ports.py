# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Which ports and interfaces a running graph and its pages have, as docs/use/hospital.md says."""

import os
from pathlib import Path
import subprocess

from baby_cry_detector.ros.tools.supervisor import node_command
from care_graph import CareGraph
import pytest

NODES = ('caregiver_alert', 'caregiver_page', 'ward_page')
ANY, LOCAL = '0.0.0.0', '127.0.0.1'
DISCOVERY = 250                            # ports that a domain has


def sockets(pid):
    """Return {(kind, address, port)} that a process is bound to; IPv6 would be another kind."""
    inodes = {os.readlink(link) for link in Path(f'/proc/{pid}/fd').iterdir() if link.exists()
              or link.is_symlink()}
    found = set()
    for kind in ('tcp', 'tcp6', 'udp', 'udp6'):
        for line in Path(f'/proc/{pid}/net/{kind}').read_text().splitlines()[1:]:
            fields = line.split()
            address, port = fields[1].split(':')
            if f'socket:[{fields[9]}]' in inodes and (kind[:3] == 'udp' or fields[3] == '0A'):
                readable = '.'.join(str(int(address[i:i + 2], 16)) for i in (6, 4, 2, 0))
                found.add((kind, readable if len(address) == 8 else address, int(port, 16)))
    return found


@pytest.mark.parametrize('reach, where', [('', LOCAL), ('SUBNET', ANY)],
                         ids=['as installed', 'opened'])
def test_ports_are_those_that_the_document_lists(tmp_path, reach, where):
    graph = CareGraph(tmp_path)
    # Not SUBNET in this process: it only has to see that the others are there.
    first = 7400 + DISCOVERY * graph.domain_id
    environment = {name: text for name, text in os.environ.items()
                   if name not in ('ROS_AUTOMATIC_DISCOVERY_RANGE', 'ROS_LOCALHOST_ONLY')}
    try:
        for name in NODES:
            graph.processes[name] = subprocess.Popen(
                node_command(name, {'port': 0} if 'page' in name else {}),
                stderr=subprocess.DEVNULL,
                env={**environment, 'ROS_DOMAIN_ID': str(graph.domain_id),
                     'XDG_STATE_HOME': str(tmp_path),
                     **({'ROS_AUTOMATIC_DISCOVERY_RANGE': reach} if reach else {})})
        for name in NODES:
            graph.until(lambda: graph.diagnosis(name)[1] not in ('', 'not active'))
            found = sockets(graph.processes[name].pid)
            assert {kind for kind, _, _ in found} <= {'tcp', 'udp'}
            pages = [(address, port) for kind, address, port in found if kind == 'tcp']
            assert len(pages) == ('page' in name) and all(a == LOCAL for a, _ in pages)
            listens = {address for _, address, port in found
                       if first <= port < first + DISCOVERY or 7000 <= port < 7000 + DISCOVERY}
            assert listens == {where}
            # The rest is only sent from.
            others = [port for kind, _, port in found if kind == 'udp'
                      and not (first <= port < first + DISCOVERY or 7000 <= port < 7250)]
            assert all(port > 7650 for port in others), others
    finally:
        assert graph.close()
