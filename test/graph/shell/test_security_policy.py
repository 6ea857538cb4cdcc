# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The SROS 2 policy: all that the running graph does is in it, and nothing that nobody needs.

The wheels' Fast DDS is built without its security plugins, so that no policy can be enforced here.
"""

import os
import subprocess
import sys
from xml.etree import ElementTree

from baby_cry_detector.ros.tools.security_policy import endpoints, KINDS, policy_xml
from baby_cry_detector.ros.tools.supervisor import node_command
from care_graph import CareGraph
import pytest
from rclpy.node import NodeNameNonExistentError

HEARING = {'audio_stamped', 'audio_info', 'own_sound', 'own_sound_info', 'monitor/raw_audio'}


def tool(*arguments):
    """Return the policy that the tool prints for /crib."""
    done = subprocess.run(
        [sys.executable, '-m', 'baby_cry_detector.ros.tools.security_policy', *arguments],
        capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and 'warning' not in done.stderr, done.stderr
    return ElementTree.fromstring(done.stdout)


@pytest.fixture(scope='module')
def allowed():
    """Return {node: {(element, attribute): names}} of the policy."""
    root = tool()
    enclave, = root.iter('enclave')
    assert enclave.get('path') == '/crib' and root.get('version') == '0.2.0'
    return {profile.get('node'): {
        (part.tag, key): {one.text for one in part} for part in profile
        for key in part.attrib} for profile in root.iter('profile')}


def test_every_node_has_its_part(allowed):
    assert set(allowed) == {
        'cry_classifier', 'feature_extractor', 'audio_capture', 'caregiver_alert',
        'caregiver_page', 'cry_monitor', 'diary', 'need_estimator', 'rocker', 'soother'}
    assert all('/diagnostics' in parts['topics', 'publish'] for parts in allowed.values())
    assert all(f'/crib/{name}/set_parameters' in parts['services', 'reply']
               for name, parts in allowed.items())


def test_who_hears_the_nursery_and_who_commands_is_bounded(allowed):
    hears = {name for name, parts in allowed.items()
             if parts.get(('topics', 'subscribe'), set()) & {f'/crib/{one}' for one in HEARING}}
    assert hears <= {'feature_extractor', 'diary', 'cry_monitor'}
    assert not any('set_parameters' in one or 'change_state' in one
                   for parts in allowed.values()
                   for one in parts.get(('services', 'request'), ()))
    for topic, who in (('cry_need', {'cry_classifier'}), ('alert', {'caregiver_alert'}),
                       ('audio_stamped', {'audio_capture'}), ('rock_stop', {'caregiver_page'})):
        assert {name for name, parts in allowed.items()
                if f'/crib/{topic}' in parts['topics', 'publish']} == who


def test_all_that_a_running_graph_does_is_allowed(allowed, tmp_path):
    graph = CareGraph(tmp_path, namespace='/crib')
    names = ('feature_extractor', 'cry_classifier', 'diary', 'rocker')
    try:
        for name in names:
            process = subprocess.Popen(
                [*node_command(name, {}), '-r', '__ns:=/crib'], stderr=subprocess.DEVNULL,
                env={**os.environ, 'ROS_DOMAIN_ID': str(graph.domain_id),
                     'XDG_STATE_HOME': str(tmp_path)})
            graph.processes[name] = process
        for name in names:
            graph.until(lambda name=name: any(
                one.rpartition('/')[2] == 'transition_event'
                for one in seen_of(graph, name)['topics', 'publish']))
        graph.spin(2.0)                     # what is made when they become active
        for name in names:
            for part, found in seen_of(graph, name).items():
                missing = set(found) - allowed[name].get(part, set())
                assert not missing, (name, part, missing)
    finally:
        graph.close()


def seen_of(graph, name):
    """Return what another participant sees of a node, nothing before it is there."""
    try:
        return endpoints(graph.node, name, '/crib')
    except NodeNameNonExistentError:
        return {(element, attribute): [] for element, attribute, *_ in KINDS}


def test_names_can_not_write_the_policy():
    profiles = {'a"/><x': {(element, attribute): [] for element, attribute, *_ in KINDS}}
    root = ElementTree.fromstring(policy_xml(profiles, '/crib', per_node=True))
    assert [one.get('node') for one in root.iter('profile')] == ['a"/><x']
