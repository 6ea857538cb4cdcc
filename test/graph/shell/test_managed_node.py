# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A managed node in one process: what it is given, what it has open, and that nothing ends it."""

from dataclasses import dataclass
import sys

from baby_cry_detector.fields import ParameterError, setting
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.managed_node import ManagedNode, survive
from baby_cry_detector.ros.base.parameters import NodeSettings
from baby_cry_detector.ros.base.running import Restarts, wait_s
from baby_cry_detector.ros.start.discovery import OPENED_BY
from diagnostic_msgs.msg import DiagnosticStatus
from graph_harness import next_domain, PATIENCE_S
import pytest
import rclpy
from rclpy.parameter import Parameter as RosParameter
from std_msgs.msg import Empty
from std_srvs.srv import Trigger


@dataclass(frozen=True)
class ExampleSettings(NodeSettings):
    """One of each kind."""

    hold_s: float = setting(3.0, 'A time.', minimum=0.0, maximum=600.0, live=True)
    crib_id: str = setting('', 'A name.', read_only=True)
    channel: str = setting('', 'Another name.')
    enter_threshold: float = setting(0.5, 'A share.', minimum=0.0, maximum=1.0)
    count: int = setting(3, 'A number.', minimum=1, maximum=5)
    switch: bool = setting(False, 'A switch.')
    file: str = setting('', 'A file.', path=True, read_only=True)


class Device:
    """Something that has to be closed."""

    def __init__(self, log, name):
        self._log, self._name = log, name

    def close(self):
        """Say so."""
        self._log.append(self._name)


class Example(ManagedNode):
    """Opens something in each step."""

    def __init__(self, overrides=None, **kwargs):
        super().__init__('example', ExampleSettings, overrides, **kwargs)
        self.closed, self.lines, self.settings = [], [], None
        self.get_logger().warning = self.lines.append
        self.create_service(Trigger, '~/fails', self._fails)
        self.diagnosis = lambda: (DiagnosticStatus.OK, 'ok', {})
        self.fails_to_activate = False

    def configure(self, values):
        """Open a publisher and a device."""
        self.settings = values
        self.publisher = self.offer(Empty, 'said', qos.STATE)
        self.own(Device(self.closed, 'of configure'))

    def activate(self):
        """Open a subscription, a timer and two devices."""
        self.hear(Empty, 'said', lambda message: 1 / 0, qos.STATE)
        self.every(0.05, self._tick)
        self.own(Device(self.closed, 'first'))
        self.own(Device(self.closed, 'second'))
        if self.fails_to_activate:
            raise OSError('no such device')

    def diagnose(self):
        """Do as the test says."""
        return self.diagnosis()

    def _tick(self):
        raise RuntimeError('a timer that fails')

    def _fails(self, request, response):
        response.success = True
        raise OSError('the disk is full')


@pytest.fixture
def make():
    """Return a function that makes nodes of ROS arguments or overrides."""
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=next_domain())
    nodes = []

    def made(arguments='', beside=(), words=(), **overrides):
        words = list(words) or [word for pair in arguments.split()
                                for word in ('--ros-args', '-p', pair)]
        nodes.append(Example(overrides, context=context, beside=beside, cli_args=words or None))
        return nodes[-1]

    yield made
    for node in nodes:
        node.close()
    rclpy.shutdown(context=context)


def things(node):
    """Return how many subscriptions, timers and publishers a node has."""
    return (len(list(node.subscriptions)), len(list(node.timers)), len(list(node.publishers)))


@pytest.mark.parametrize('given, name, value', [
    ('hold_s:=3', 'hold_s', 3.0), ('crib_id:=1', 'crib_id', '1'), ('count:=4.0', 'count', 4),
    ('hold_s:="2.5"', 'hold_s', 2.5), ('crib_id:=1.5', 'crib_id', '1.5'),
    ("switch:='true'", 'switch', True)])
def test_what_is_typed_otherwise_is_taken_where_its_meaning_is_clear(make, given, name, value):
    node = make(given)
    assert node.autostart()
    assert getattr(node.settings, name) == value
    assert type(node.get_parameter(name).value) is type(value)


@pytest.mark.parametrize('text', ['0123', '123E5', '1e3', '007', '0x1F', '1.50', '12'])
@pytest.mark.parametrize('how', ['argument', 'file'])
def test_digits_that_ros_reads_as_a_number_stay_a_name(make, monkeypatch, tmp_path, text, how):
    words = ['--ros-args', '-p', f'crib_id:={text}']
    if how == 'file':
        file = tmp_path / 'p.yaml'
        file.write_text(f'/**/example:\n  ros__parameters:\n    crib_id: {text}\n')
        words = ['--ros-args', '--params-file', str(file)]
    monkeypatch.setattr(sys, 'argv', ['example', *words])
    node = make(words=words)
    assert node.autostart() and node.settings.crib_id == text


@pytest.mark.parametrize('given, text, is_told', [
    (83, '83', True), (1000.0, '1000.0', True), ('0123', '0123', False)])
def test_a_name_that_is_set_as_a_number_is_told_with_what_it_became(make, given, text, is_told):
    node = make()
    result, = node.set_parameters([RosParameter('channel', value=given)])
    assert result.successful and node.get_parameter('channel').value == text
    said = [line for line in node.lines if f"channel is '{text}', taken from a number" in line]
    assert len(said) == is_told and all('"!!str 0123"' in line for line in said)
    result, = node.set_parameters([RosParameter('hold_s', value=3)])
    assert result.successful and len(node.lines) == is_told


def test_a_path_may_begin_at_home(make, monkeypatch):
    monkeypatch.setenv('HOME', '/somewhere')
    node = make('file:=~/x.wav')
    assert node.autostart() and node.settings.file == '/somewhere/x.wav'


@pytest.mark.parametrize('given, says', [
    ('hold_s:=-1.0', 'hold_s: -1.0 is below 0'), ('hold_s:=soon', "expected double, got 'soon'"),
    ('hold_s:=.nan', 'finite'), ('crib_id:=yes', 'needs quotes within quotes'),
    ('count:=2.5', 'expected int, got 2.5'), ('switch:=2', 'expected bool, got 2'),
    ('hold_s:=[1.0]', 'expected one double'), ('count:=99999999999999999999', 'count')])
def test_what_is_refused_is_told_and_stays_refused(make, given, says):
    try:
        node = make(given)
    except RuntimeError as error:      # rcl's own parser
        assert '999' in str(error)
        return
    assert not node.autostart() and node.failed
    level, message, _ = node._health()
    assert level == DiagnosticStatus.ERROR and says in message
    with pytest.raises(ParameterError):
        node.values()


def test_a_refused_value_can_be_mended_where_the_parameter_may_be_set(make):
    node = make('hold_s:=-1.0')
    assert not node.autostart()
    result, = node.set_parameters([RosParameter('hold_s', value=4)])
    assert result.successful, result.reason
    assert node.autostart() and not node.failed
    assert node.settings.hold_s == 4.0


def test_it_stays_and_tries_again_until_it_works(make):
    node = make(keep_trying=True)
    node.fails_to_activate = True
    assert node.autostart() and not node.failed
    assert 'no such device' in node._health()[1]
    assert node.closed == ['second', 'first'], 'what was half open is closed'
    node.fails_to_activate = False
    executor = rclpy.executors.SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    end_s = node._steady_clock.now().nanoseconds * 1e-9 + PATIENCE_S
    while not node._is_active and node._steady_clock.now().nanoseconds * 1e-9 < end_s:
        executor.spin_once(timeout_sec=0.1)
    assert node._is_active and node._health()[0] == DiagnosticStatus.OK


def test_a_mistyped_parameter_is_named_with_the_nearest_right_one(make):
    node = make('enter_treshold:=0.7 min_cry_duration_s:=1.0 nonsense:=1 use_sim_time:=false')
    assert node.autostart()
    level, message, _ = node._health()
    assert level == DiagnosticStatus.WARN
    assert 'no parameter enter_treshold: did you mean enter_threshold?' in message
    assert 'no parameter min_cry_duration_s: it is one of cry_classifier' in message
    assert 'no parameter nonsense' in message and 'use_sim_time' not in message


def test_what_another_node_of_the_process_was_given_is_no_mistake(make):
    node = make('source:=file min_cry_duration_s:=1.0', beside=('audio_capture',))
    assert 'source' not in node._health()[1]
    assert 'no parameter min_cry_duration_s' in node._health()[1]


@pytest.mark.parametrize('how, level', [('asked', DiagnosticStatus.OK),
                                        ('not asked', DiagnosticStatus.WARN)])
def test_what_opens_the_graph_to_others_is_in_the_diagnostics(make, monkeypatch, how, level):
    node = make()
    assert node.autostart()
    assert 'open' not in node._health()[2]
    monkeypatch.setitem(OPENED_BY, how, 'others join')
    said, message, details = node._health()
    assert (said, details['open']) == (level, 'others join')
    assert ('others join' in message) == (how == 'not asked')


def test_what_a_step_opened_is_given_back_with_it(make):
    node = make()
    node.trigger_configure()
    configured = things(node)
    for _ in range(3):
        node.trigger_activate()
        assert things(node) == (configured[0] + 1, configured[1] + 1, configured[2])
        node.trigger_deactivate()
        assert things(node) == configured
        assert node.closed[-2:] == ['second', 'first'] and len(node.closed) % 2 == 0
    node.trigger_cleanup()
    assert node.closed[-1] == 'of configure'
    assert things(node)[2] == configured[2] - 1


def test_no_callback_service_or_diagnosis_ends_the_node(make):
    node = make()
    node.autostart()

    def broken():
        raise RuntimeError('no figures')

    node.diagnosis = broken
    executor = rclpy.executors.SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    client = node.create_client(Trigger, '~/fails')
    assert client.wait_for_service(PATIENCE_S)
    answer = client.call_async(Trigger.Request())
    node.publisher.publish(Empty())
    end_s = node._steady_clock.now().nanoseconds * 1e-9 + PATIENCE_S
    while (not answer.done() or node.counts['internal_error'] < 3) and (
            node._steady_clock.now().nanoseconds * 1e-9 < end_s):
        executor.spin_once(timeout_sec=0.1)
    assert answer.result().success is False and 'the disk is full' in answer.result().message
    assert node._health()[:2] == (DiagnosticStatus.ERROR, 'its health cannot be told')


def test_reports_are_limited_by_kind_not_by_their_numbers(make):
    node = make()
    for number in range(1000):
        node.report('jumped', f'expected frame {number}, got {number + 7}')
    node.report('other', 'something else')
    assert len(node.lines) == 2 and node.counts['jumped'] == 1000
    del node.lines[:]

    @survive
    def take(node, message):
        raise ValueError(message)

    for number in range(1000):
        take(node, f'frame {number} is no frame')
        take(node, f'frame {chr(0x4e00 + number)} is another')     # never the same
    assert 2 <= len(node.lines) <= 10 and node.counts['ValueError'] == 2000


def test_crashes_in_series_wait_longer_and_longer(tmp_path):
    assert [wait_s(n) for n in (0, 2, 3, 4, 8, 9, 10**6)] == [0, 0, 1, 2, 32, 60, 60]
    waited = []
    for _ in range(6):
        Restarts('/crib/example', lambda line: None).wait(waited.append)
    assert waited == [1.0, 2.0, 4.0]
    # What another node of this process has waited counts.
    assert Restarts('/crib/example', lambda line: None).wait(waited.append, 6.5) == 1.5
    assert Restarts('/crib/example', lambda line: None).wait(waited.append, 99.0) == 0.0
    assert waited == [1.0, 2.0, 4.0, 1.5]
    # Whoever ended it by a signal and starts it again does not wait.
    Restarts('/crib/example', lambda line: None).forget()
    Restarts('/crib/never_started', lambda line: None).forget()
    assert Restarts('/crib/example', lambda line: None).wait(waited.append) == 0.0
    kept = next((tmp_path / 'state').rglob('*.starts.json'))
    for hostile in ('[]', '{"starts": 1e999}', '{"starts": "x"}', '{"starts": -5, "last_s": 0}',
                    '\x00', '{"starts": 99, "last_s": NaN}'):
        kept.write_text(hostile)
        assert Restarts('/crib/example', lambda line: None).wait(waited.append) == 0.0


def test_whose_context_was_taken_away_has_no_trouble_of_its_own():
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=next_domain())
    node = Example({}, context=context)
    assert node.autostart()
    node.diagnosis = lambda: (DiagnosticStatus.OK, str(node.count_publishers('audio')), {})
    rclpy.shutdown(context=context)        # as a signal does, between a timer and what it calls
    node._publish_diagnostics()
    assert node._health()[0] == DiagnosticStatus.ERROR
    assert not node.counts['internal_error']
    node.close()
