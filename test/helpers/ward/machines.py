# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Machines of a ward, as network namespaces of one computer joined by a bridge.

Each has its own addresses and its own shared memory, so that DDS takes them for machines and talks
to them over UDP. Plugs can be pulled. All of it lives in a namespace of its own and is gone with
the process that holds it; it needs root, `ip` and `unshare`.
"""

import ctypes
import http.client
import json
import os
from pathlib import Path
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse

NETWORK = '10.77.0.'
CLONE_NEWNET = 0x40000000       # of sched.h
HOLD = 'mount -t tmpfs tmpfs /dev/shm && ip link set lo up && exec sleep infinity'


def missing():
    """Return why there can be no machines here, empty where there can."""
    for program in ('ip', 'unshare', 'nsenter'):
        if not shutil.which(program):
            return f'needs the program {program}'
    done = subprocess.run(['unshare', '-n', '-m', 'sh', '-c', 'ip link add name ward type bridge'],
                          capture_output=True, text=True)
    return f'no network namespaces here: {done.stderr.strip()}' if done.returncode else ''


def _outside():
    """Return this process's variables, but for what a node that ran in it chose for its graph."""
    return {name: value for name, value in os.environ.items()
            if not name.endswith('_DEFAULT_PROFILES_FILE')}


class Machine:
    """One of them; `run` starts a program on it."""

    def __init__(self, network, name, number):
        """Make it and plug it in."""
        self._network, self.name, self.address = network, name, f'{NETWORK}{number}'
        self._plug = f'plug{number}'
        self._holder = _held()
        self.processes = []
        network.ip('link', 'add', 'name', self._plug, 'type', 'veth', 'peer', 'name', 'eth0',
                   'netns', str(self._holder.pid))
        network.ip('link', 'set', self._plug, 'master', 'ward', 'up')
        for command in (f'address add {self.address}/24 dev eth0', 'link set eth0 up',
                        'route add default dev eth0'):
            subprocess.run([*self._inside, 'ip', *command.split()], check=True)

    @property
    def _inside(self):
        return ['nsenter', f'--net=/proc/{self._holder.pid}/ns/net',
                f'--mount=/proc/{self._holder.pid}/ns/mnt', '--']

    def run(self, command, environment=None, log=None, **kwargs):
        """Start a program; it ends with the machine."""
        with open(log or os.devnull, 'a') as file:
            self.processes.append(subprocess.Popen(
                [*self._inside, *map(str, command)], env={**_outside(), **(environment or {})},
                stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True,
                **kwargs))
        return self.processes[-1]

    def connected(self, host, port):
        """Return a socket of this machine, connected; a thread is on it only to make one."""
        libc = ctypes.CDLL(None, use_errno=True)
        with (open('/proc/thread-self/ns/net') as here,
              open(f'/proc/{self._holder.pid}/ns/net') as there):
            try:
                if libc.setns(there.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), 'setns')
                made = socket.socket()
            finally:
                libc.setns(here.fileno(), CLONE_NEWNET)
        made.settimeout(5)
        try:
            made.connect((host, port))
        except OSError:
            made.close()
            raise
        return made

    def unplug(self):
        """Pull the plug out of the network."""
        self._network.ip('link', 'set', self._plug, 'down')

    def plug_in(self):
        """Put it back."""
        self._network.ip('link', 'set', self._plug, 'up')

    def crash(self):
        """Let all of its programs be gone at once, as by a power cut."""
        for process in self.processes:
            _end(process, signal.SIGKILL)
        self.processes.clear()

    def close(self):
        """End its programs and the machine."""
        for process in self.processes:
            process.send_signal(signal.SIGINT)
        end_s = time.monotonic() + 20
        for process in self.processes:
            try:
                process.wait(max(0.1, end_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                pass
            _end(process, signal.SIGKILL)
        _end(self._holder, signal.SIGKILL)


def _end(process, number):
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass
    process.wait()


def _held():
    """Return a process that holds a network and shared memory of its own, ready."""
    holder = subprocess.Popen(['unshare', '-n', '-m', 'sh', '-c', HOLD], start_new_session=True)
    mine = os.readlink('/proc/self/ns/net')
    while holder.poll() is None:
        if (os.readlink(f'/proc/{holder.pid}/ns/net') != mine
                and Path(f'/proc/{holder.pid}/comm').read_text().strip() == 'sleep'):
            return holder
        time.sleep(0.01)
    raise OSError(f'no namespace: unshare ended with {holder.returncode}')


class Network:
    """The switch between them."""

    def __init__(self):
        """Make it, without machines."""
        self._holder = _held()
        self.machines = {}
        self.ip('link', 'add', 'name', 'ward', 'type', 'bridge', 'mcast_snooping', '0')
        self.ip('link', 'set', 'ward', 'up')

    def ip(self, *arguments):
        """Run `ip` where the switch is."""
        subprocess.run(['nsenter', f'--net=/proc/{self._holder.pid}/ns/net', '--', 'ip',
                        *arguments], check=True)

    def traffic(self):
        """Return {machine: (bytes it sent, packets it sent, bytes it got, packets it got)}."""
        done = subprocess.run(['nsenter', f'--net=/proc/{self._holder.pid}/ns/net', '--', 'ip',
                               '-s', '-j', 'link'], check=True, capture_output=True)
        plugs = {link['ifname'].partition('@')[0]: link['stats64']
                 for link in json.loads(done.stdout)}
        return {name: tuple(plugs[machine._plug][way][what] for way in ('rx', 'tx')
                            for what in ('bytes', 'packets'))
                for name, machine in self.machines.items()}

    def add(self, name):
        """Return a new machine of this name, plugged in."""
        self.machines[name] = Machine(self, name, len(self.machines) + 1)
        return self.machines[name]

    def close(self):
        """End everything."""
        for machine in self.machines.values():
            machine.close()
        _end(self._holder, signal.SIGKILL)


LISTEN = """
import json, sys, rclpy
from baby_cry_detector.msg import CryAlert
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.start.discovery import use_profile
use_profile()
rclpy.init()
node = rclpy.create_node('listener')
node.create_subscription(CryAlert, sys.argv[1], lambda word: print(json.dumps(
    {'state': word.state, 'crib': word.header.frame_id, 'text': word.text}), flush=True),
    qos.EVENTS)
rclpy.spin(node)
"""


def listen_for_alerts(machine, topic, file, environment):
    """Let a program on the machine write what is told on a topic; `alerts_in` reads it."""
    return machine.run([sys.executable, '-c', LISTEN, topic], environment, file)


def alerts_in(file):
    """Return what was told until now, dictionaries of state, crib and text."""
    told = []
    for line in Path(file).read_text().splitlines() if Path(file).exists() else []:
        if line.startswith('{'):
            told.append(json.loads(line))
    return told


def library_path():
    """Return where the program of a wheel finds its libraries; elsewhere they are in place."""
    folders = [folder for folder in sys.path
               if os.path.isdir(os.path.join(folder, 'ros_fastrtps.libs'))]
    return {'LD_LIBRARY_PATH': os.pathsep.join(filter(None, [
        os.environ.get('LD_LIBRARY_PATH'),
        *(os.path.join(folder, 'ros_fastrtps.libs') for folder in folders)]))}


def json_from(machine, address):
    """Return what a page on the machine answers, ``None`` if nothing yet."""
    place = urllib.parse.urlsplit(address)
    connection = http.client.HTTPConnection(place.netloc)
    try:
        connection.sock = machine.connected(place.hostname, place.port)
        connection.request('GET', place.path)
        said = connection.getresponse()
        return json.loads(said.read()) if said.status == 200 else None
    except OSError:
        return None
    finally:
        connection.close()
