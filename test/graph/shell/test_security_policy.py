# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The SROS 2 policy: all that the running graph does is in it, and nothing that nobody needs.

The wheels' Fast DDS is built without its security plugins, so that no policy can be enforced here.
"""

import os
from pathlib import Path
import re
import subprocess
import sys
from xml.etree import ElementTree

from baby_cry_detector.ros.tools.security_policy import endpoints, KINDS, main, policy_xml
from baby_cry_detector.ros.tools.supervisor import node_command
from care_graph import CareGraph
import pytest
from rclpy.node import NodeNameNonExistentError

HEARING = {f'/ward_3/b/{name}' for name in (
    'audio_stamped', 'audio_info', 'own_sound', 'own_sound_info', 'monitor/raw_audio')}


def tool(*arguments):
    """Return the policy that the tool prints."""
    done = subprocess.run(
        [sys.executable, '-m', 'baby_cry_detector.ros.tools.security_policy', *arguments],
        capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and 'warning' not in done.stderr, done.stderr
    return ElementTree.fromstring(done.stdout)


DATA = Path(__file__).parents[2] / 'data'
# As somebody runs it who wants a page for many cribs, and nothing plugged in.
PARAMETERS = {'audio_capture': {'source': 'file', 'file': str(next(DATA.rglob('*.flac')))},
              'caregiver_page': {'port': 0}, 'ward_page': {'port': 0, 'cribs': 'crib,ward_3/b'}}


def installed():
    """Return the names of the nodes that CMake installs; one of them is three in one process."""
    lists = (Path(__file__).parents[3] / 'CMakeLists.txt').read_text()
    names = set(re.search(r'foreach\(node\s([^)]*)\)', lists)[1].split())
    return sorted(names - {'cry_graph'})


def namespace_of(name):
    """Return where a node runs: the cribs' in the second crib, which was declared for neither."""
    return '/ward' if name == 'ward_page' else '/ward_3/b'


@pytest.fixture(scope='module')
def policy():
    """Return the policy of two cribs and the page that hears them."""
    return tool('--namespace', 'crib', 'ward_3/b')


@pytest.fixture(scope='module')
def allowed(policy):
    """Return {node: {(element, attribute): names}} of `namespace_of`."""
    return {profile.get('node'): {
        (part.tag, key): {one.text for one in part} for part in profile
        for key in part.attrib} for profile in policy.iter('profile')
        if profile.get('ns') == namespace_of(profile.get('node'))}


def test_each_crib_has_an_enclave_that_speaks_for_no_other(policy):
    assert policy.get('version') == '0.2.0'
    enclaves = {one.get('path'): {(part.get('ns'), part.get('node'))
                                  for part in one.iter('profile')}
                for one in policy.iter('enclave')}
    cribs = ('/crib', '/ward_3/b')
    names = set(installed()) - {'ward_page'}
    assert enclaves == {'/ward': {('/ward', 'ward_page')},
                        **{crib: {(crib, name) for name in names} for crib in cribs}}
    texts = {one.get('path'): [text.strip() for text in one.itertext() if text.strip()]
             for one in policy.iter('enclave')}
    for mine, other in (cribs, cribs[::-1]):
        assert not any(text.startswith(f'{other}/') for text in texts[mine])
        assert f'{mine}/cry_need' in texts['/ward']
    assert not any('any_crib' in text for each in texts.values() for text in each)


def test_every_installed_node_has_its_part(allowed):
    assert sorted(allowed) == installed()
    assert all('/diagnostics' in parts['topics', 'publish'] for parts in allowed.values())
    assert all(f'{namespace_of(name)}/{name}/set_parameters' in parts['services', 'reply']
               for name, parts in allowed.items())


def test_who_hears_the_nursery_and_who_commands_is_bounded(allowed):
    hears = {name for name, parts in allowed.items()
             if parts.get(('topics', 'subscribe'), set()) & HEARING}
    assert hears <= {'feature_extractor', 'diary', 'cry_monitor'}
    assert not any('set_parameters' in one or 'change_state' in one
                   for parts in allowed.values()
                   for one in parts.get(('services', 'request'), ()))
    for topic, who in (('cry_need', {'cry_classifier'}), ('alert', {'caregiver_alert'}),
                       ('audio_stamped', {'audio_capture'}), ('rock_stop', {'caregiver_page'})):
        assert {name for name, parts in allowed.items()
                if f'/ward_3/b/{topic}' in parts['topics', 'publish']} == who


@pytest.mark.parametrize('interface, topic', [('position', 'position_command'),
                                              ('trajectory', 'joint_trajectory')])
def test_what_a_rocker_commands_and_hears_is_allowed_by_its_interface(interface, topic):
    root = tool('--set', f'rocker.interface={interface}')
    rocker, = (one for one in root.iter('profile') if one.get('node') == 'rocker')
    names = {(part.tag, key): {one.text for one in part} for part in rocker
             for key in part.attrib}
    assert {f'/crib/{topic}'} == names['topics', 'publish'] & {
        '/crib/position_command', '/crib/joint_trajectory', '/crib/cmd_vel'}
    assert {'/crib/rock_stop', '/crib/joint_states', '/crib/cry_need', '/crib/imu'} <= names[
        'topics', 'subscribe']
    assert {'/crib/rocker/stop', '/crib/rocker/enable'} <= names['services', 'reply']


@pytest.mark.parametrize('wrong', ['room 1', '9', 'a//b', 'crib"/><x'])
def test_what_is_no_namespace_is_refused_in_a_sentence(wrong, capsys):
    with pytest.raises(SystemExit):
        main(['--namespace', 'a', wrong])
    assert 'is no namespace' in capsys.readouterr().err


def test_no_crib_has_the_enclave_of_the_ward(capsys):
    with pytest.raises(SystemExit):
        main(['--namespace', 'a', 'b', '--ward', '/b/'])
    assert 'is the namespace of ward_page' in capsys.readouterr().err


@pytest.mark.parametrize('wrong', ['rocker.interfac=position', 'rocker', 'x.y=1', 'rocker.=1'])
def test_a_parameter_that_no_node_has_is_refused_in_a_sentence(wrong, capsys):
    with pytest.raises(SystemExit):
        main(['--set', wrong])
    assert 'expected NODE.PARAMETER=VALUE' in capsys.readouterr().err


@pytest.mark.parametrize('name', installed())
def test_all_that_a_running_node_does_is_allowed(allowed, tmp_path, name):
    graph = CareGraph(tmp_path, namespace='/ward_3/b')
    try:
        graph.processes[name] = subprocess.Popen(
            node_command(name, PARAMETERS.get(name), namespace_of(name)),
            stderr=subprocess.DEVNULL,
            env={**os.environ, 'ROS_DOMAIN_ID': str(graph.domain_id),
                 'XDG_STATE_HOME': str(tmp_path), 'XDG_DATA_HOME': str(tmp_path)})
        # What is made when it becomes active is there before it says anything else.
        graph.until(lambda: graph.diagnosis(name)[1] not in ('', 'not active'))
        graph.until(lambda: any(seen_of(graph, name).values()))
        for part, found in seen_of(graph, name).items():
            missing = set(found) - allowed[name].get(part, set())
            assert not missing, (part, missing)
    finally:
        graph.close()


def seen_of(graph, name):
    """Return what another participant sees of a node, nothing before it is there."""
    try:
        return endpoints(graph.node, name, namespace_of(name))
    except NodeNameNonExistentError:
        return {(element, attribute): [] for element, attribute, *_ in KINDS}


def test_what_sros2_signs_allows_what_the_policy_does(policy, tmp_path, monkeypatch):
    """With SROS 2's own tools, where they are installed: keystore, keys and signed permissions."""
    keystore = pytest.importorskip('sros2.keystore', reason='sros2 is not installed')
    monkeypatch.setenv('ROS_DOMAIN_ID', '7')
    file, store = tmp_path / 'policy.xml', tmp_path / 'keystore'
    ElementTree.ElementTree(policy).write(file, encoding='utf-8')
    keystore.create_keystore(store)
    for enclave in policy.iter('enclave'):
        path = enclave.get('path')
        keystore.create_enclave(store, path)
        keystore.create_permission(store, path, file)
        folder = store / 'enclaves' / path.strip('/')
        authority = store / 'public' / 'permissions_ca.cert.pem'
        subprocess.run(['openssl', 'smime', '-verify', '-in', folder / 'permissions.p7s',
                        '-CAfile', authority, '-out', os.devnull], check=True,
                       stderr=subprocess.DEVNULL)
        permitted = ElementTree.parse(folder / 'permissions.xml')
        assert {one.text for one in permitted.iter('id')} == {'7'}
        for attribute in ('publish', 'subscribe'):
            named = {f'rt{one.text}' for part in enclave.iter('topics') if attribute in part.attrib
                     for one in part}
            assert named <= {topic.text for rule in permitted.iter(attribute)
                             for topic in rule.iter('topic')}


def test_security_that_the_middleware_lacks_is_a_sentence_and_nothing_runs(tmp_path):
    """Never open where it was to be closed; with the plugins it is the keys that are missing."""
    (tmp_path / 'enclaves' / 'crib').mkdir(parents=True)
    for strategy in ('Enforce', 'Permissive'):
        done = subprocess.run(
            node_command('need_estimator', {}, '/crib'), capture_output=True, text=True,
            timeout=60, env={**os.environ, 'XDG_STATE_HOME': str(tmp_path),
                             'ROS_SECURITY_ENABLE': 'true', 'ROS_SECURITY_STRATEGY': strategy,
                             'ROS_SECURITY_KEYSTORE': str(tmp_path),
                             'ROS_SECURITY_ENCLAVE_OVERRIDE': '/crib'})
        assert done.returncode == 1 and 'error: ' in done.stderr, (strategy, done.stderr)
        assert 'Traceback' not in done.stderr and 'ecurity' in done.stderr


def test_names_can_not_write_the_policy():
    profiles = {('/crib', 'a"/><x'): {
        (element, attribute): [] for element, attribute, *_ in KINDS}}
    root = ElementTree.fromstring(policy_xml(profiles, per_node=True))
    assert [one.get('node') for one in root.iter('profile')] == ['a"/><x']
