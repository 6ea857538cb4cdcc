# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A ward of several machines: cribs, a desk and, where there is one, a discovery server.

Machines go, come back, are cut off in the middle of a cry and restarted; the desk tells what is
not heard, once, and each crib's diary stays whole on its own machine.
"""

from pathlib import Path
import sqlite3
import sys
import time

from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.needs import END, START
from baby_cry_detector.ros.tools.supervisor import node_command
from machines import (alerts_in, json_from, library_path, listen_for_alerts, missing, Network)
import numpy as np
from page_harness import wait_until
import pytest
import soundfile

WHY = missing()
pytestmark = pytest.mark.skipif(bool(WHY), reason=WHY)

RATE = 16000
PERIOD_S = 20.0
CRY_S = 8.0
NOT_HEARD_AFTER_S = 4.0
DISCOVERY_PORT = 11811
# A discovery server that is back before its clients have given it up (20 s) is not asked anew.
SERVER_LEASE_S = 35.0
FAKETIME = next(map(str, Path('/usr/lib').glob('*/faketime/libfaketime.so.1')), '')
# How machines find each other, and by how many servers.
DISCOVERIES = {'by themselves': 0, 'through a server': 1, 'through two servers': 2}


class Ward:
    """The machines and what runs on them."""

    def __init__(self, folder, discovery):
        """Start the desk; cribs are added."""
        self.folder, self.network = folder, Network()
        self.recording = folder / 'night.wav'
        rest = np.random.default_rng(1).normal(0.0, 0.001, int(RATE * (PERIOD_S - CRY_S)))
        soundfile.write(self.recording, np.concatenate(
            [synthesise_cry(CRY_S, seed=3), rest]).astype(np.float32), RATE, subtype='PCM_16')
        self.parameters = folder / 'recording.yaml'
        self.parameters.write_text(
            '/**/audio_capture: {ros__parameters: {source: file, loop: true, '
            f'file: "{self.recording}"}}}}')
        self.environment = {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET', 'ROS_DOMAIN_ID': '0'}
        self.servers = [self.serve(number) for number in range(DISCOVERIES[discovery])]
        if self.servers:
            self.environment.update(ROS_SUPER_CLIENT='TRUE', ROS_DISCOVERY_SERVER=';'.join(
                f'{each.address}:{DISCOVERY_PORT}' for each in self.servers))
        self.desk = self.network.add('desk')
        self.told = folder / 'told'
        listen_for_alerts(self.desk, '/ward/alert', self.told, self.environment)
        self.run(self.desk, 'ward_page', {'not_heard_after_s': NOT_HEARD_AFTER_S}, '/ward')

    def serve(self, number):
        """Start a discovery server, as Fast DDS ships it; return its machine."""
        name = f'server{number}'
        machine = self.network.machines.get(name) or self.network.add(name)
        machine.run(['fast-discovery-server', '-i', number, '-l', machine.address,
                     '-p', DISCOVERY_PORT], library_path(), self.folder / f'{name}.log')
        return machine

    def run(self, machine, node, parameters, namespace, environment=None, arguments=()):
        """Start a node on a machine."""
        state = self.folder / machine.name
        state.mkdir(exist_ok=True)
        machine.run(node_command(node, parameters, namespace, arguments),
                    {**self.environment, 'XDG_STATE_HOME': str(state), **(environment or {})},
                    self.folder / f'{machine.name}.log')

    def crib(self, name, namespace=None, environment=None):
        """Start a crib on its machine: the graph on a recording in a loop, and the diary."""
        machine = self.network.machines.get(name) or self.network.add(name)
        namespace = namespace or f'/{name}'
        self.run(machine, 'diary', {}, namespace, environment)
        self.run(machine, 'cry_graph', {}, namespace, environment,
                 ['--params-file', str(self.parameters)])
        return machine

    def lines(self):
        """Return what the page says, ``{crib: line}``."""
        state = json_from(self.desk, 'http://127.0.0.1:8096/api/state')
        return {line['name']: line for line in (state or {'cribs': []})['cribs']}

    def shows(self, crib, *states):
        """Wait until the page shows a crib in one of these states; return its line."""
        return wait_until(lambda: self.line_in(crib, states), 120, f'{crib} {states}')

    def line_in(self, crib, states):
        """Return the crib's line if it is in one of these states."""
        line = self.lines().get(crib)
        return line if line and line['state'] in states else None

    def words(self, state, crib):
        """Return what was told of a crib in this sense."""
        return [word for word in alerts_in(self.told)
                if word['state'] == state and word['crib'] == crib]

    def episodes(self, name):
        """Return the ended episodes in the diary on a machine, (id, duration), oldest first."""
        file = self.folder / name / 'baby_cry_detector' / 'diary.sqlite'
        if not file.exists():
            return []
        with sqlite3.connect(f'file:{file}?mode=ro', uri=True) as database:
            return database.execute('select episode_id, end_ns from episodes where open = 0 '
                                    'order by onset_ns').fetchall()

    def close(self):
        """End everything."""
        self.network.close()


@pytest.fixture
def start_ward(tmp_path):
    """Return what starts a ward; it is closed after the test."""
    wards = []

    def start(discovery):
        wards.append(Ward(tmp_path, discovery))
        return wards[-1]

    yield start
    for ward in wards:
        ward.close()


HEARD = ('crying', 'quiet')


@pytest.mark.parametrize('discovery', ['by themselves', 'through a server'])
def test_a_machine_that_is_cut_off_is_told_once_and_its_diary_is_whole(start_ward, discovery):
    ward = start_ward(discovery)
    b = ward.crib('b')
    ward.crib('a')
    ward.shows('/a', *HEARD)
    ward.shows('/b', 'crying')
    b.unplug()                                       # in the middle of a cry
    ward.shows('/b', 'no_detector')
    wait_until(lambda: ward.words(START, '/b'), 60, 'told that b is not heard')
    before = len(ward.episodes('b'))
    wait_until(lambda: len(ward.episodes('b')) > before + 1, 120, 'b hears on by itself')
    assert ward.lines()['/a']['state'] in HEARD and not ward.words(START, '/a')
    b.plug_in()
    ward.shows('/b', *HEARD)
    wait_until(lambda: ward.words(END, '/b'), 60, 'told that b is heard again')
    assert len(ward.words(START, '/b')) == len(ward.words(END, '/b')) == 1
    ids = [each for each, _ in ward.episodes('b')]
    assert len(set(ids)) == len(ids) > before + 1


@pytest.mark.parametrize('discovery', ['by themselves', 'through a server'])
def test_a_machine_that_loses_its_power_is_told_and_goes_on_after_it(start_ward, discovery):
    ward = start_ward(discovery)
    a = ward.crib('a')
    ward.shows('/a', 'crying')
    wait_until(lambda: ward.episodes('a'), 120, 'an episode in the diary')
    a.crash()
    before = ward.episodes('a')
    ward.shows('/a', 'no_detector')
    wait_until(lambda: ward.words(START, '/a'), 60, 'told that a is gone')
    ward.crib('a')
    wait_until(lambda: ward.words(END, '/a'), 120, 'told that a is back')
    wait_until(lambda: len(ward.episodes('a')) > len(before), 120, 'the diary goes on')
    after = ward.episodes('a')
    assert after[:len(before)] == before and len(set(after)) == len(after)
    assert len(ward.words(START, '/a')) == 1
    # Another robot under the same name, on another machine: neither is believed.
    ward.crib('c', namespace='/a')
    ward.shows('/a', 'doubled')


def test_of_two_discovery_servers_one_may_be_gone(start_ward):
    ward = start_ward('through two servers')
    ward.crib('a')
    ward.shows('/a', *HEARD)
    ward.servers[0].crash()
    ward.crib('b')                                   # who comes now is found through the other
    ward.shows('/b', *HEARD)
    ward.shows('/a', *HEARD)
    assert not ward.words(START, '/a') and not ward.words(START, '/b')


def test_a_discovery_server_that_comes_back_after_its_lease_finds_who_comes_then(start_ward):
    ward = start_ward('through a server')
    ward.crib('a')
    ward.shows('/a', *HEARD)
    ward.servers[0].crash()
    until_s = time.monotonic() + SERVER_LEASE_S
    while time.monotonic() < until_s:                # who has found the other hears on
        assert ward.lines()['/a']['state'] in HEARD
    ward.serve(0)
    ward.crib('b')
    ward.shows('/b', *HEARD)
    ward.shows('/a', *HEARD)
    assert not ward.words(START, '/a') and not ward.words(START, '/b')


@pytest.mark.skipif(not FAKETIME, reason='needs libfaketime (Debian: faketime)')
def test_a_crib_whose_clock_is_off_is_heard_and_the_page_says_by_how_much(start_ward):
    ward = start_ward('by themselves')
    for name, off_s in (('late', -5), ('early', 5)):
        ward.crib(name, environment={'LD_PRELOAD': FAKETIME, 'FAKETIME': f'{off_s:+d}s',
                                     'FAKETIME_DONT_FAKE_MONOTONIC': '1'})
        wait_until(lambda: abs((ward.line_in(f'/{name}', HEARD) or {'clock_off_s': 0})[
            'clock_off_s'] - off_s) < 1, 120, f'the clock of {name}')
    since_ms = ward.shows('/early', 'crying')['since_ms']
    assert abs(since_ms / 1000 - time.time()) < PERIOD_S
    assert not ward.words(START, '/late') and not ward.words(START, '/early')


LOCAL = {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}
OLD_LOCAL = {'ROS_LOCALHOST_ONLY': '1'}


@pytest.mark.parametrize('crib_says', [{}, LOCAL, OLD_LOCAL], ids=['nothing', 'range', 'old'])
def test_a_machine_that_names_this_one_as_its_peer_stays_outside(start_ward, crib_says):
    ward = start_ward('by themselves')
    open_to_all = ward.environment
    ward.environment = {'ROS_DOMAIN_ID': '0', **crib_says}
    a = ward.crib('a')
    ward.environment = open_to_all
    open_crib = ward.crib('b')
    peers = {'ROS_STATIC_PEERS': f'{a.address};{open_crib.address}'}
    ward.run(ward.desk, 'ward_page', {'port': 8097}, '/spy', peers)
    spied = []

    def spies():
        state = json_from(ward.desk, 'http://127.0.0.1:8097/api/state')
        spied.append({line['name']: line['state'] for line in (state or {'cribs': []})['cribs']})
        return spied[-1].get('/b') in HEARD
    # On its own machine it is found, by programs without a profile of ours as well.
    seen = a.run([sys.executable, '-c', FIND, '/a/cry_need'], {'ROS_DOMAIN_ID': '0'},
                 ward.folder / 'seen')
    wait_until(spies, 120, 'the open crib is heard by the one who names its address')
    assert seen.wait(60) == 0, (ward.folder / 'seen').read_text()
    until_s = time.monotonic() + 10
    while time.monotonic() < until_s:
        spies()
    assert not any('/a' in each for each in spied)


FIND = """
import sys, time, rclpy
from baby_cry_detector.msg import CryNeed
rclpy.init()
node = rclpy.create_node('finder')
heard = []
node.create_subscription(CryNeed, sys.argv[1], heard.append, 1)
end_s = time.monotonic() + 45
while not heard and time.monotonic() < end_s:
    rclpy.spin_once(node, timeout_sec=0.1)
sys.exit(not heard)
"""
