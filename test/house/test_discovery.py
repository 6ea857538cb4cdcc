# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Which machines may join, by the environment."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

discovery = pytest.importorskip('baby_cry_detector.ros.start.discovery')
CONFIG = Path(__file__).parents[2] / 'config'
VARIABLES = (discovery.RANGE, *discovery.ADDRESSES, 'ROS_LOCALHOST_ONLY', 'ROS_SECURITY_ENABLE',
             'ROS_SECURITY_STRATEGY', discovery.PROFILE)
SECURE = {'ROS_SECURITY_ENABLE': 'true', 'ROS_SECURITY_STRATEGY': 'Enforce'}


@pytest.mark.parametrize('environment, profile, is_open', [
    ({}, 'fast_dds_local.xml', False),
    ({discovery.RANGE: 'LOCALHOST'}, 'fast_dds_local.xml', False),
    ({discovery.RANGE: 'OFF', 'ROS_STATIC_PEERS': '10.0.0.7'}, 'fast_dds_local.xml', False),
    ({'ROS_LOCALHOST_ONLY': '1', discovery.RANGE: 'SUBNET'}, 'fast_dds_local.xml', False),
    ({'ROS_DISCOVERY_SERVER': '127.0.0.1:11811'}, 'fast_dds_local.xml', False),
    ({'ROS_DISCOVERY_SERVER': ';localhost:11811;[::1]:9'}, 'fast_dds_local.xml', False),
    ({'ROS_DISCOVERY_SERVER': '127.0.0.1:11811;10.0.0.7:11811'}, 'fast_dds.xml', True),
    ({discovery.RANGE: 'LOCALHOST', 'ROS_DISCOVERY_SERVER': 'ward-server'}, 'fast_dds.xml', True),
    ({discovery.RANGE: 'LOCALHOST', 'ROS_STATIC_PEERS': '10.0.0.7'}, 'fast_dds.xml', True),
    ({discovery.RANGE: 'SUBNET'}, 'fast_dds.xml', True),
    ({discovery.RANGE: 'SUBNET', **SECURE}, 'fast_dds.xml', False)])
def test_this_machine_alone_unless_something_names_others(
        environment, profile, is_open, monkeypatch, capsys):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    discovery.choose_who_may_join()
    assert Path(discovery.os.environ[discovery.PROFILE]).name == profile
    assert discovery.is_open_to_the_network() == is_open
    assert ('SECURITY.md' in capsys.readouterr().err) == is_open
    monkeypatch.delenv(discovery.PROFILE)


def test_the_two_profiles_differ_in_the_interfaces_alone():
    def parts(name):
        tree = ElementTree.parse(CONFIG / name).getroot()
        lists = [(parent, child) for parent in tree.iter() for child in parent
                 if child.tag.endswith('interfaceWhiteList')]
        for parent, child in lists:
            parent.remove(child)
        texts = [(each.tag, (each.text or '').strip()) for each in tree.iter()
                 if isinstance(each.tag, str)]
        return texts, [address.text for _, child in lists for address in child]

    network, local = parts('fast_dds.xml'), parts('fast_dds_local.xml')
    assert network[0] == local[0] and network[1] == [] and local[1] == ['127.0.0.1']
