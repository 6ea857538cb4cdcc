# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Which machines may join, by the environment."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

discovery = pytest.importorskip('baby_cry_detector.ros.start.discovery')
CONFIG = Path(__file__).parents[2] / 'config'
VARIABLES = (discovery.RANGE, *discovery.ADDRESSES, 'ROS_LOCALHOST_ONLY', 'ROS_SECURITY_ENABLE',
             'ROS_SECURITY_STRATEGY', *discovery.PROFILES)
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
    begin(environment, monkeypatch)
    discovery.choose_who_may_join()
    for variable, end in zip(discovery.PROFILES, ('.xml', '_3.xml')):
        assert Path(discovery.os.environ[variable]).name == profile.replace('.xml', end)
        monkeypatch.delenv(variable)
    assert discovery.is_open_to_the_network() == is_open
    assert ('SECURITY.md' in capsys.readouterr().err) == is_open


def test_a_profile_that_a_parent_process_chose_for_itself_does_not_bind_its_children(monkeypatch):
    begin({discovery.RANGE: 'LOCALHOST'}, monkeypatch)
    discovery.use_profile()
    for reach, profile in ('SUBNET', 'fast_dds.xml'), ('LOCALHOST', 'fast_dds_local.xml'):
        monkeypatch.setenv(discovery.RANGE, reach)
        discovery.use_profile()
        assert Path(discovery.os.environ[discovery.PROFILE]).name == profile
    for variable in discovery.PROFILES:
        monkeypatch.delenv(variable)


def begin(environment, monkeypatch):
    """Have these variables, and none of those that count beside them."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(discovery, 'OPENED_BY', dict.fromkeys(discovery.OPENED_BY, ''))


OWN = {'as ours': (CONFIG / 'fast_dds_local.xml').read_text(),
       'all interfaces': (CONFIG / 'fast_dds.xml').read_text(),
       'one more interface': (CONFIG / 'fast_dds_local.xml').read_text().replace(
           '</address>', '</address><address>10.0.0.3</address>'),
       'built-in transports too': (CONFIG / 'fast_dds_local.xml').read_text().replace(
           '>false<', '>true<'),
       'a list of none': (CONFIG / 'fast_dds_local.xml').read_text().replace(
           '<address>127.0.0.1</address>', ''),
       'no XML': 'no XML', 'missing': None}


@pytest.mark.parametrize('variable', discovery.PROFILES)
@pytest.mark.parametrize('own', OWN)
def test_a_profile_of_the_users_that_lets_others_in_is_said(
        own, variable, tmp_path, monkeypatch, capsys):
    begin({}, monkeypatch)
    monkeypatch.setattr(discovery, 'profile_variable', lambda: variable)
    profile = tmp_path / 'own.xml'
    if OWN[own] is not None:
        profile.write_text(OWN[own])
    monkeypatch.setenv(variable, str(profile))
    discovery.choose_who_may_join()
    for name in (*discovery.PROFILES, discovery.RANGE):
        monkeypatch.delenv(name)
    said = capsys.readouterr().err
    assert ("'own.xml'" in said and variable in said) == (own != 'as ours')
    assert ('SECURITY.md' in said) == (own != 'as ours')
    assert ("'own.xml'" in discovery.OPENED_BY['not asked']) == (own != 'as ours')
    assert not discovery.OPENED_BY['asked']


@pytest.mark.parametrize('environment, is_said', [({}, True), (SECURE, False)])
def test_middleware_that_is_not_kept_on_this_machine_is_said(
        environment, is_said, monkeypatch, capsys):
    begin(environment, monkeypatch)
    discovery.choose_who_may_join('rmw_cyclonedds_cpp')
    for name in (*discovery.PROFILES, discovery.RANGE):
        monkeypatch.delenv(name)
    assert ('rmw_cyclonedds_cpp is not kept' in capsys.readouterr().err) == is_said


def test_the_profile_is_that_of_the_fast_dds_that_is_installed(monkeypatch):
    def prefix(name):
        if name not in installed:
            raise LookupError(name)

    monkeypatch.setattr(discovery, 'get_package_prefix', prefix)
    installed = ['fastrtps']
    assert discovery.profile_variable() == 'FASTRTPS_DEFAULT_PROFILES_FILE'
    installed = ['fastcdr', 'fastdds']
    assert discovery.profile_variable() == 'FASTDDS_DEFAULT_PROFILES_FILE'


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

    for ours in discovery.OURS.values():
        network, local = map(parts, ours)
        assert network[0] == local[0] and network[1] == [] and local[1] == ['127.0.0.1']


def test_the_profiles_of_both_versions_differ_in_one_name_alone():
    for older, newer in zip(*discovery.OURS.values()):
        text = (CONFIG / older).read_text()
        # As Fast DDS 3 has it; the one of the other version is refused by it as a whole.
        text = text.replace('heartbeatPeriod', 'heartbeat_period')
        assert text.partition('-->')[2] == (CONFIG / newer).read_text().partition('-->')[2]
