# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The monitor on the real graph, and that the views in config/ name what it really publishes."""

import ast
from importlib import import_module
import json
from pathlib import Path
import re
import xml.etree.ElementTree as ElementTree

from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.nodes.cry_monitor import CryMonitor, SCALARS
from graph_harness import NS
import numpy as np
import pytest
from sensor_msgs.msg import Image
from std_msgs.msg import Float32
from visualization_msgs.msg import Marker, MarkerArray
import yaml

pytest.importorskip('PIL', reason='pip install pillow to draw')
CONFIG = Path(__file__).resolve().parents[3] / 'config'
START_NS = 1_790_000_000 * NS
TOPICS = {'cry_need', 'audio_stamped', 'audio_info', 'frame_features', '/diagnostics'}


def add_monitor(graph, **kwargs):
    """Start a monitor in a running graph's process."""
    monitor = CryMonitor({'picture_rate': 10.0}, context=graph.context, **kwargs)
    graph.nodes.append(monitor)
    assert monitor.autostart()
    graph.executor.add_node(monitor)
    return monitor


def heard_by(probe, namespace='/'):
    """Return the topics that the monitor subscribes to."""
    try:
        found = probe.node.get_subscriber_names_and_types_by_node('cry_monitor', namespace)
    except RuntimeError:          # not discovered yet
        return None
    return {name for name, _ in found} & {f'/{name.lstrip("/")}' for name in TOPICS}


def test_the_monitor_shows_a_cry_and_hears_nothing_while_nobody_looks(graph, demonstration):
    add_monitor(graph)
    probe, node = graph.probe, graph.probe.node
    probe.spin_until(lambda: 'cry_monitor' in probe.diagnostics, 60.0)
    assert probe.diagnostics['cry_monitor'][2]['hears'] == 'nothing'
    assert heard_by(probe) == set()

    images, markers, scalars = [], [], {name: [] for name in SCALARS}
    subscriptions = [
        node.create_subscription(Image, 'monitor/image', images.append, qos.STATE),
        node.create_subscription(MarkerArray, 'monitor/markers', markers.append, qos.STATE)]
    for name in SCALARS:
        subscriptions.append(node.create_subscription(
            Float32, f'monitor/{name}', lambda message, name=name: scalars[name].append(
                message.data), qos.STATE))
    probe.spin_until(lambda: heard_by(probe) == {f'/{name.lstrip("/")}' for name in TOPICS}, 60.0)
    samples, cries = demonstration
    begin, end = int((cries[0][0] - 2) * 16_000), int((cries[0][0] + 6) * 16_000)
    probe.announce()
    end_ns = probe.play(samples[begin:end], START_NS)
    probe.heard_until(end_ns)
    probe.spin_until(lambda: images and scalars['crying'] and scalars['enter_threshold']
                     and scalars['crying'][-1] == 1.0 and markers
                     and markers[-1].markers[1].text.startswith('CRYING'), 60.0)
    count = len(images)
    probe.spin_until(lambda: len(images) >= count + 2, 60.0)

    image = images[-1]
    assert (image.width, image.height, image.encoding, image.step) == (640, 360, 'rgb8', 1920)
    pixels = np.frombuffer(bytes(image.data), np.uint8).reshape(360, 640, 3)
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 200
    ball, text = markers[-1].markers
    assert ball.header.frame_id == text.header.frame_id == 'crib'
    assert ball.type == Marker.SPHERE and ball.scale.x > 0.15
    assert 'intensity' in text.text
    assert 0.5 < scalars['enter_threshold'][-1] < 0.9
    assert scalars['leave_threshold'][-1] < scalars['enter_threshold'][-1]
    assert max(scalars['f0_hz']) > 200 and max(scalars['intensity']) > 0.05

    for subscription in subscriptions:
        node.destroy_subscription(subscription)
    probe.spin_until(lambda: heard_by(probe) == set(), 60.0)
    probe.spin_until(lambda: probe.diagnostics['cry_monitor'][2]['hears'] == 'nothing', 60.0)


def test_the_room_can_be_listened_to_where_that_is_asked_for(graph):
    kinds = pytest.importorskip('foxglove_msgs.msg', reason='needs the package foxglove_msgs')
    monitor = CryMonitor({'raw_audio': True}, context=graph.context)
    graph.nodes.append(monitor)
    assert monitor.autostart()
    graph.executor.add_node(monitor)
    probe, heard = graph.probe, []
    samples = np.arange(16_000, dtype='<i2')
    probe.announce()
    subscription = probe.node.create_subscription(
        kinds.RawAudio, 'monitor/raw_audio', heard.append, qos.STATE)
    probe.spin_until(lambda: heard_by(probe) == {'/audio_stamped', '/audio_info'}, 60.0)
    probe.spin_until(lambda: monitor._format is not None, 60.0)
    probe.play(samples, START_NS)
    probe.spin_until(lambda: sum(len(block.data) for block in heard) >= 2 * len(samples), 60.0)
    first = heard[0]
    assert first.timestamp.sec * NS + first.timestamp.nanosec == START_NS
    assert (first.format, first.sample_rate, first.number_of_channels) == ('pcm-s16', 16_000, 1)
    assert b''.join(bytes(block.data) for block in heard) == samples.tobytes()
    probe.node.destroy_subscription(subscription)
    probe.spin_until(lambda: heard_by(probe) == set(), 60.0)


def test_a_room_is_not_listened_to_unasked(graph):
    add_monitor(graph)
    probe = graph.probe
    probe.spin_until(lambda: any(topic == '/monitor/image' for topic, _ in
                                 probe.node.get_topic_names_and_types()), 60.0)
    assert not probe.node.count_publishers('monitor/raw_audio')


def get_message(name: str):
    """Return the class of a message type such as ``std_msgs/msg/Float32``."""
    package, _, kind = name.split('/')
    return getattr(import_module(f'{package}.msg'), kind)


def fields_exist(kind, path: str) -> bool:
    """Return whether a message type has a field: ``cry_probability``, ``probabilities[0]``."""
    for part in path.split('.'):
        name = part.partition('[')[0]
        types = kind.get_fields_and_field_types()
        if name not in types:
            return False
        inner = re.sub(r'^sequence<(.*)>$|\[.*\]$', r'\1', types[name])
        if '/' in inner:
            kind = get_message(f'{inner.split("/")[0]}/msg/{inner.split("/")[-1]}')
    return True


def rviz_uses():
    """Yield (topic, type, field) of the rviz configuration."""
    types = {'MarkerArray': 'visualization_msgs/msg/MarkerArray', 'Image': 'sensor_msgs/msg/Image'}
    document = yaml.safe_load((CONFIG / 'monitor.rviz').read_text())['Visualization Manager']
    assert document['Global Options']['Fixed Frame'] == 'crib'
    for display in document['Displays']:
        if 'Topic' in display:
            yield display['Topic']['Value'], types[display['Class'].split('/')[1]], ''


# What plugins that have no setting for it listen to (rqt_robot_monitor: /diagnostics_agg).
RQT_HEARS = {'rqt_runtime_monitor/RuntimeMonitor': (
    '/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray', '')}


def rqt_uses():
    """Yield (topic, type, field) of the rqt perspective."""
    groups = json.loads((CONFIG / 'monitor.perspective').read_text())['groups']['pluginmanager']
    running = ast.literal_eval(groups['keys']['running-plugins']['repr'])
    assert {f'plugin__{plugin.replace("/", "__")}__1' for plugin in running} == set(
        groups['groups'])
    for plugin in running:
        assert plugin in ('rqt_plot/Plot', 'rqt_image_view/ImageView', *RQT_HEARS)
        if plugin in RQT_HEARS:
            yield RQT_HEARS[plugin]
        keys = groups['groups'][f'plugin__{plugin.replace("/", "__")}__1']['groups'].get(
            'plugin', {'keys': {}})['keys']
        if 'topic' in keys:
            yield ast.literal_eval(keys['topic']['repr']), 'sensor_msgs/msg/Image', ''
        for path in ast.literal_eval(keys['topics']['repr']) if 'topics' in keys else ():
            topic, _, field = path.rpartition('/')
            yield topic, '', field


def foxglove_uses():
    """Yield (topic, type, field) of the Foxglove layout."""
    document = json.loads((CONFIG / 'monitor.foxglove.json').read_text())
    panels = document['configById']
    named = set(re.findall(r'"(\w+!\w+)"', json.dumps(document['layout'])))
    assert named == set(panels)
    for panel in panels.values():
        for path in panel.get('paths', ()):
            topic, _, field = path['value'].partition('.')
            yield topic, '', field
        if 'imageMode' in panel:
            yield panel['imageMode']['imageTopic'], 'sensor_msgs/msg/Image', ''
        for topic in panel.get('topics', ()):
            yield topic, 'visualization_msgs/msg/MarkerArray', ''
        if 'topicPath' in panel:
            yield panel['topicPath'], '', ''
        if 'topicToRender' in panel:
            yield panel['topicToRender'], 'diagnostic_msgs/msg/DiagnosticArray', ''


def plotjuggler_uses():
    """Yield (topic, type, field) of the PlotJuggler layout."""
    root = ElementTree.parse(CONFIG / 'monitor.plotjuggler.xml').getroot()
    # As PlotJuggler's RosParserConfig::xmlLoadState reads them.
    plugin = root.find('./Plugins/plugin[@ID="ROS2 Topic Subscriber"]')
    assert root.find('previouslyLoaded_Streamer').get('name') == plugin.get('ID')
    topics = plugin.find('selected_topics').get('value').split(';')
    for topic in topics:
        yield topic, '', ''
    for curve in root.iter('curve'):
        topic = next(topic for topic in topics if curve.get('name').startswith(f'{topic}/'))
        yield topic, '', curve.get('name')[len(topic) + 1:].replace('/', '.')


@pytest.mark.parametrize('uses', [rviz_uses, rqt_uses, foxglove_uses, plotjuggler_uses])
def test_every_topic_type_and_field_of_the_views_exists(start_graph, uses):
    graph = start_graph(namespace='crib')
    add_monitor(graph, namespace='crib')
    probe = graph.probe
    named = list(uses())
    assert len(named) >= 2

    def offered():
        # The publishers, so that a mere subscriber does not make a topic exist.
        return {topic: types for topic, types in probe.node.get_topic_names_and_types()
                if probe.node.count_publishers(topic)}

    probe.spin_until(lambda: {topic for topic, *_ in named} <= set(offered()), 60.0)
    published = offered()
    for topic, kind, field in named:
        assert len(published[topic]) == 1
        assert kind in ('', published[topic][0])
        assert not field or fields_exist(get_message(published[topic][0]), field)
