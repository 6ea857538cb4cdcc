# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Who may find these nodes: this machine alone, unless the environment asks for more.

Whoever finds them hears the nursery and commands the crib: DDS asks nobody who he is. Discovery
"on this machine" (``ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST``) only means that a process looks for
nobody elsewhere: it goes on to listen on all interfaces, and a machine that names this one in its
``ROS_STATIC_PEERS`` joins. What keeps it out is a transport on the loopback interface alone.
"""

import ipaddress
import os
from pathlib import Path
import sys

from ament_index_python.packages import get_package_share_directory

LOCALHOST = 'LOCALHOST'
RANGE = 'ROS_AUTOMATIC_DISCOVERY_RANGE'
# Each reaches other machines, whatever the range says.
ADDRESSES = ('ROS_STATIC_PEERS', 'ROS_DISCOVERY_SERVER')
NETWORK_PROFILE, LOCAL_PROFILE = 'fast_dds.xml', 'fast_dds_local.xml'
PROFILE = 'FASTRTPS_DEFAULT_PROFILES_FILE'


def choose_who_may_join() -> None:
    """Let no other machine in unless the environment asks for that; say so where it does."""
    if not os.environ.get(RANGE) and not reaches_elsewhere():
        os.environ[RANGE] = LOCALHOST
    use_profile()
    if is_open_to_the_network():
        why = ' and '.join([RANGE, *reaches_elsewhere()]) if reaches_elsewhere() else RANGE
        print('warning: every machine in this network can hear the crib and command these nodes '
              f'({why}, without ROS_SECURITY_ENABLE); see SECURITY.md', file=sys.stderr)


def use_profile() -> None:
    """
    Let Fast DDS 2 (Humble, Jazzy) use a profile of ours, unless the user chose one.

    Both let it find peers soon; the local one keeps it on the loopback interface. Its later
    versions read another variable and other names, and other middleware neither.
    """
    if PROFILE in os.environ or Path('DEFAULT_FASTRTPS_PROFILES.xml').exists():
        return
    name = NETWORK_PROFILE if reaches_network() else LOCAL_PROFILE
    try:
        profile = Path(get_package_share_directory('baby_cry_detector'), 'config', name)
    except LookupError:         # not installed as a ROS package
        return
    if profile.is_file():
        os.environ[PROFILE] = str(profile)


def reaches_elsewhere() -> list:
    """Return the variables that name other machines."""
    return [name for name in ADDRESSES
            if any(not _is_here(address) for address in _addresses(os.environ.get(name, '')))]


def reaches_network() -> bool:
    """Return whether other machines are looked for, or may look."""
    alone = (os.environ.get('ROS_LOCALHOST_ONLY') == '1'
             or os.environ.get(RANGE, '').upper() in (LOCALHOST, 'OFF'))
    return not alone or (bool(reaches_elsewhere())
                         and os.environ.get(RANGE, '').upper() != 'OFF')


def is_open_to_the_network() -> bool:
    """Return whether other machines may join without showing who they are."""
    return reaches_network() and not (
        os.environ.get('ROS_SECURITY_ENABLE', '').lower() == 'true'
        and os.environ.get('ROS_SECURITY_STRATEGY') == 'Enforce')


def _addresses(text: str) -> list:
    return [each.strip() for each in text.split(';') if each.strip()]


def _is_here(address: str) -> bool:
    """Return whether an address, perhaps with a port, is of the loopback interface."""
    host = address.strip('[]')
    if host.count(':') == 1:
        host = host.partition(':')[0]
    try:
        return ipaddress.ip_address(host.partition(']')[0]).is_loopback
    except ValueError:
        return host.lower() == 'localhost'
