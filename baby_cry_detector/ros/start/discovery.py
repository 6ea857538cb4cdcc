# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Who may find these nodes: this machine alone, unless the environment asks for more.

Whoever finds them hears the nursery and commands the crib: DDS asks nobody who he is. Discovery
"on this machine" (``ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST``) only means that a process looks for
nobody elsewhere: it goes on to listen on all interfaces, and a machine that names this one in its
``ROS_STATIC_PEERS`` joins. What keeps it out is a transport on the loopback interface alone, which
only Fast DDS is given here. Where nothing keeps others out, that is said.
"""

import ipaddress
import os
from pathlib import Path
import sys

from ament_index_python.packages import get_package_prefix, get_package_share_directory

LOCALHOST = 'LOCALHOST'
RANGE = 'ROS_AUTOMATIC_DISCOVERY_RANGE'
# Each reaches other machines, whatever the range says.
ADDRESSES = ('ROS_STATIC_PEERS', 'ROS_DISCOVERY_SERVER')
PROFILE = 'FASTRTPS_DEFAULT_PROFILES_FILE'
PROFILE_3 = 'FASTDDS_DEFAULT_PROFILES_FILE'
# Where Fast DDS 2 and 3 look for a profile: in their variable, and beside the process.
PROFILES = {PROFILE: 'DEFAULT_FASTRTPS_PROFILES.xml', PROFILE_3: 'DEFAULT_FASTDDS_PROFILES.xml'}
# Ours: for the network, and for this machine alone.
OURS = {PROFILE: ('fast_dds.xml', 'fast_dds_local.xml'),
        PROFILE_3: ('fast_dds_3.xml', 'fast_dds_local_3.xml')}
FAST_DDS, FAST_DDS_3 = 'rmw_fastrtps', 'fastdds'
# What lets other machines in, as it was warned of when this process started, for its diagnostics.
OPENED_BY = {'asked': '', 'not asked': ''}


def choose_who_may_join(middleware: str = FAST_DDS) -> None:
    """
    Let no other machine in unless the environment asks for that; say so where one may come.

    :param middleware: the name of the one in use.
    """
    if not os.environ.get(RANGE) and not reaches_elsewhere():
        os.environ[RANGE] = LOCALHOST
    use_profile()
    asked = not_asked = ''
    if is_open_to_the_network():
        why = ' and '.join([RANGE, *reaches_elsewhere()]) if reaches_elsewhere() else RANGE
        asked = ('every machine in this network can hear the crib and command these nodes '
                 f'({why}, without ROS_SECURITY_ENABLE)')
    elif not is_secured() and gap(middleware):
        not_asked = ('these nodes look for others on this machine alone, but a machine that names '
                     f'this one as its peer joins: {gap(middleware)}')
    OPENED_BY.update({'asked': asked, 'not asked': not_asked})
    if asked or not_asked:
        print(f'warning: {asked or not_asked}; see SECURITY.md', file=sys.stderr)


def use_profile() -> None:
    """
    Let Fast DDS, 2 or 3, use a profile of ours, unless the user chose one.

    Both let it find peers soon; the local one keeps it on the loopback interface. Other middleware
    reads none. One of ours that another process chose for itself and left to this one, which may
    reach less or more, is chosen anew.
    """
    try:
        folder = Path(get_package_share_directory('baby_cry_detector'), 'config')
    except LookupError:         # not installed as a ROS package
        return
    for variable, beside in PROFILES.items():
        network, local = OURS[variable]
        profile = folder / (network if reaches_network() else local)
        ours = os.environ.get(variable) in (str(folder / network), str(folder / local))
        if ours or variable not in os.environ and not Path(beside).exists():
            if profile.is_file():
                os.environ[variable] = str(profile)


def gap(middleware: str) -> str:
    """Return why others are not kept out though nobody is looked for elsewhere, or ''."""
    if not middleware.startswith(FAST_DDS):
        return f'{middleware} is not kept on the loopback interface'
    variable = profile_variable()
    beside = PROFILES[variable]
    profile = os.environ.get(variable) or (beside if Path(beside).exists() else '')
    if not profile:
        return f'{variable} names no profile'
    if not keeps_to_itself(Path(profile)):
        return f'the profile {Path(profile).name!r} ({variable}) allows more interfaces'
    return ''


def profile_variable() -> str:
    """Return the variable that names the profile of the Fast DDS that is installed."""
    try:
        get_package_prefix(FAST_DDS_3)
    except LookupError:
        return PROFILE
    return PROFILE_3


def keeps_to_itself(profile: Path) -> bool:
    """Return whether a profile of Fast DDS has the loopback interface alone."""
    from xml.etree import ElementTree       # here: few have a profile, and it is half a megabyte
    try:
        parts = list(ElementTree.parse(profile).iter())
    except (OSError, ElementTree.ParseError):
        return False

    def found(name):
        return [part for part in parts if str(part.tag).rpartition('}')[2] == name]

    lists = found('interfaceWhiteList')
    builtin = [(part.text or '').strip() for part in found('useBuiltinTransports')]
    sockets = [part for part in found('type') if (part.text or '').strip()[:3] in ('UDP', 'TCP')]
    return (set(builtin) == {'false'} and len(lists) == len(sockets) > 0 and all(
        len(each) and all(_is_here((address.text or '').strip()) for address in each)
        for each in lists))


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
    return reaches_network() and not is_secured()


def is_secured() -> bool:
    """Return whether nobody joins who does not show who he is."""
    return (os.environ.get('ROS_SECURITY_ENABLE', '').lower() == 'true'
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
