# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the network of many wards carries: measured on a few machines, reckoned for 500 cribs on 50.

    ./env.sh python benchmarks/graph/ward_network.py [--machines 2 4 8] [--seconds 20]

Machines are network namespaces joined by a bridge (root, `ip`, `unshare`): each with a crib of
three processes (`cry_graph`, `caregiver_alert`, `diary`) that hears a loop, one fifth of it
crying, and a desk with `ward_page`. Counted is what passes each machine's plug, headers included:
with the page, while nobody listens, with one who hears the sound, and until all have found each
other, by themselves and through a Fast DDS discovery server.

Reckoned, and assumed: ten cribs a machine; each crib is heard by the page of its ward of 64;
nothing is lost and sent again; two processes on different machines always tell each other the
same when they meet, and then say twice a second that they are there (config/fast_dds.xml), to
each other and by multicast to all. A router (rmw_zenoh, not run) gets each message once and passes
it on once.
"""

import argparse
import json
import os
from pathlib import Path
import sys
import tempfile
import time

from baby_cry_detector.ros.tools.supervisor import node_command
import numpy as np
from scipy.optimize import nnls
from ward_load import loops

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / 'test' / 'helpers' / 'ward')]
PROCESSES = ('cry_graph', 'caregiver_alert', 'diary')
START_S, SETTLE_S, SERVER_PORT = 300.0, 5.0, 11811
WORDS_S = 60.0                         # words of alerts are rare: two loops, two heartbeats
CRIBS, MACHINES, WARD, PAGES, PHONES = 500, 50, 64, 8, 10
LISTEN = """
import json, sys, time, rclpy
from audio_common_msgs.msg import AudioDataStamped
from baby_cry_detector.msg import CryAlert, CryNeed
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.start.discovery import use_profile
from diagnostic_msgs.msg import DiagnosticArray
use_profile()
rclpy.init()
node, sizes = rclpy.create_node('listener'), {}
kinds = {'cry_need': CryNeed, 'alert': CryAlert, 'diagnostics': DiagnosticArray,
         'audio_stamped': AudioDataStamped}
for topic in sys.argv[2:]:
    name = '/diagnostics' if topic == 'diagnostics' else f'/crib_0/{topic}'
    node.create_subscription(kinds[topic], name, lambda data, topic=topic: sizes.setdefault(
        topic, []).append(len(data)), qos.stream(1000), raw=True)
def spin(until):
    while not until():
        rclpy.spin_once(node, timeout_sec=0.1)
spin(lambda: sizes)
sizes.clear()
end_s = time.monotonic() + float(sys.argv[1])
print('begun', flush=True)
spin(lambda: time.monotonic() > end_s)
print(json.dumps({topic: [len(each) / float(sys.argv[1]), sum(each) / len(each)]
                  for topic, each in sizes.items()}), flush=True)
spin(lambda: False)
"""


class Hospital:
    """Machines with a crib each, and a desk with their page."""

    def __init__(self, folder, cribs, with_server):
        """Start everything; `found` waits until the page hears every crib."""
        from machines import library_path, Network
        self.folder, self.cribs, self.network = Path(folder), cribs, Network()
        self.environment = {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET', 'ROS_DOMAIN_ID': '0',
                            'OMP_NUM_THREADS': '1'}
        if with_server:
            server = self.network.add('server')
            server.run(['fast-discovery-server', '-i', 0, '-l', server.address, '-p',
                        SERVER_PORT], library_path())
            self.environment['ROS_DISCOVERY_SERVER'] = f'{server.address}:{SERVER_PORT}'
        parameters = self.folder / 'recording.yaml'
        parameters.write_text('/**/audio_capture: {ros__parameters: {source: file, loop: true, '
                              f'file: "{loops(folder, 1)[0]}"}}}}')
        self.desk = self.network.add('desk')
        self.page = self.start(self.desk, 'ward_page', '/ward', environment={
            'ROS_SUPER_CLIENT': 'TRUE'} if with_server else {})
        self.names = [f'crib_{number}' for number in range(cribs)]
        for name in self.names:
            machine = self.network.add(name)
            for program in PROCESSES:
                self.start(machine, program, f'/{name}', ['--params-file', str(parameters)])

    def start(self, machine, program, namespace, arguments=(), environment=()):
        """Start a node on a machine; return its process."""
        state = self.folder / machine.name
        state.mkdir(exist_ok=True)
        return machine.run(node_command(program, {}, namespace, arguments),
                           {**self.environment, 'XDG_STATE_HOME': str(state),
                            **dict(environment)})

    def found(self):
        """Wait until every crib is heard and its alerts can be answered; return s since then."""
        from machines import json_from
        begin_s = time.monotonic()
        while time.monotonic() < begin_s + START_S:
            state = json_from(self.desk, 'http://127.0.0.1:8096/api/state') or {'cribs': []}
            if sum(line['can_acknowledge'] and line['state'] in ('crying', 'quiet')
                   for line in state['cribs']) == self.cribs:
                return time.monotonic() - begin_s
        raise TimeoutError(f'{self.cribs} cribs were not found')

    def passed(self, seconds):
        """Return (bytes, packets) a second that a crib sends and gets, mean of all cribs."""
        before, begin_s = self.network.traffic(), time.monotonic()
        time.sleep(seconds)
        after, lasted_s = self.network.traffic(), time.monotonic() - begin_s
        return np.mean([(np.array(after[name]) - before[name]) / lasted_s
                        for name in self.names], axis=0)

    def listening(self, seconds, topics):
        """Return (as `passed`, {topic: [messages a second, bytes of one]}) with a listener."""
        log = self.folder / f'listener_{topics[0]}'
        process = self.desk.run([sys.executable, '-c', LISTEN, str(seconds), *topics],
                                self.environment, log)
        while 'begun' not in log.read_text():
            time.sleep(0.1)
        rates = self.passed(seconds)
        said: list = []
        while not said:
            time.sleep(0.1)
            said = [text for text in log.read_text().splitlines() if text.startswith('{')]
        process.terminate()
        process.wait()
        return rates, json.loads(said[0])


def measure(cribs, with_server, seconds, with_listeners):
    """Return what was counted of one arrangement."""
    with tempfile.TemporaryDirectory(prefix='wards_') as folder:
        here = Hospital(folder, cribs, with_server)
        try:
            found_s = here.found()
            time.sleep(SETTLE_S)
            # All that all machines sent until then, of which what goes on is no meeting.
            met = sum(np.array(each[:2]) for each in here.network.traffic().values())
            row = {'machines': [len(PROCESSES)] * cribs, 'found_s': found_s,
                   'page': here.passed(seconds)}
            row['met'] = (met - cribs * row['page'][:2] * (found_s + SETTLE_S)).clip(0)
            here.page.terminate()
            here.page.wait()
            time.sleep(SETTLE_S)
            row['nobody'] = here.passed(seconds)
            if with_listeners:
                row['sound'], row['sizes'] = here.listening(seconds, ['audio_stamped'])
                row['sizes'].update(here.listening(
                    WORDS_S, ['cry_need', 'alert', 'diagnostics'])[1])
            return row
        finally:
            here.network.close()


def page_load():
    """Return (bytes of a state of a full ward, seconds of one core that it costs)."""
    from baby_cry_detector.cry_state import CryState
    from baby_cry_detector.needs import START
    from baby_cry_detector.page.state import AlertReport
    from baby_cry_detector.page.ward import Reception, WardState
    now_ns = time.time_ns()
    names = [f'/room_{number}' for number in range(WARD)]
    ward = WardState(names)
    for number, name in enumerate(names):
        cries = number % 5 == 0
        ward.hear_need(name, CryState(now_ns, crib_id=name[1:], crying=cries, onset_ns=now_ns,
                                      episode_id=f'{name}-{now_ns}' if cries else ''), now_ns)
        if cries:
            ward.hear_alert(name, AlertReport(state=START, priority=2, stamp_ns=now_ns,
                                              alert_id=f'{name}-alert-{now_ns}', text='Crying'))
    how, begin_s, times = dict.fromkeys(names, Reception(0, 0, 1, True)), time.process_time(), 50
    for _ in range(times):
        document = json.dumps(ward.snapshot(now_ns, how))
    return len(document), (time.process_time() - begin_s) / times


def line(*cells):
    """Return a row of a table."""
    return '| ' + ' | '.join(cells) + ' |'


def rate(bytes_a_second):
    """Return bytes a second in the unit of networks."""
    return f'{8 * bytes_a_second / 1e6:.3g} Mbit/s'


def pairs(machines):
    """Return how many pairs of processes are on different machines, each pair twice."""
    return sum(machines) ** 2 - sum(count ** 2 for count in machines)


def discovery(found):
    """
    Return what was measured of one way of finding each other, fitted to all rows.

    :return: (bytes that a process and a pair of them send until they have met, bytes a second that
        a machine gets for each process elsewhere times its own, and one for multicast).
    """
    with_desk = [[*row['machines'], 1] for row in found]
    (process, pair), _ = nnls(np.array([[sum(each), pairs(each)] for each in with_desk], float),
                              np.array([row['met'][0] for row in found]))
    elsewhere = np.array([(sum(row['machines']) - own) * (own + 1) for row in found
                          for own in row['machines'][:1]], float)
    got = np.array([row['nobody'][2] for row in found])
    return process, pair, (elsewhere @ got) / max(elsewhere @ elsewhere, 1)


def reckon(rows, sizes, quiet, heard, sound):
    """
    Print what 500 cribs need.

    :param quiet: bytes a second that a crib sends while nobody listens; ``heard``: to the page,
        ``sound``: of sound alone.
    """
    ten = CRIBS // MACHINES * len(PROCESSES)
    layouts = ([ten] * (WARD * MACHINES // CRIBS) + [WARD % 10 * len(PROCESSES)], [ten] * MACHINES,
               [1] * MACHINES)
    for with_server, found in rows.items():
        way = 'through a server' if with_server else 'by themselves'
        process, pair, got = discovery(found)
        print(line(f'found {way}: until all have met, once', *(
            f'{(process * sum(each) + pair * pairs(each)) / 1e6:.3g} MB' for each in layouts),
            f'{process:.3g} B a process, {pair:.3g} B a pair'))
        if not with_server:
            print(line('then each machine gets, nobody listening', *(
                rate(got * (sum(each) - each[0]) * (each[0] + 1)) for each in layouts),
                f'{got:.3g} B/s a pair, one more for multicast'))
        else:
            own = max(np.mean([row['nobody'][0] for row in found]) / len(PROCESSES), 0)
            print(line('then the server gets, nobody listening', *(
                rate(own * sum(each)) for each in layouts), f'{own:.3g} B/s a process'))
    messages = sum(sizes[topic][0] for topic in ('cry_need', 'alert'))
    all_messages = messages + sizes['audio_stamped'][0]
    length, cost_s = page_load()
    changes = 1.0 + 2 * WARD * sizes['alert'][0]
    for what, one in (('messages a second to pages (`cry_need`, `alert`)', messages),
                      ('messages a second, all sound to one listener too', all_messages)):
        print(line(what, *(f'{one * cribs:.0f}' for cribs in (WARD, CRIBS, CRIBS)),
                   f'{one:.1f} a crib'))
    for what, one in (('these to pages', heard - quiet), ('all sound too', heard - quiet + sound)):
        print(line(what, *(rate(one * cribs) for cribs in (WARD, CRIBS, CRIBS)),
                   f'{one:.0f} B/s a crib'))
    print(line('a router: messages a second, in and out; with sound', *(
        f'{2 * messages * cribs:.0f}; {2 * all_messages * cribs:.0f}'
        for cribs in (WARD, CRIBS, CRIBS)), 'not run'))
    print(line(f'pages to {PHONES} phones each', *(
        rate(pages * PHONES * changes * length) for pages in (1, PAGES, PAGES)),
        f'{length} B, {changes:.1f} a second'))
    print(line('pages, of one core, for what they show', *(
        f'{100 * cost_s * changes * pages:.1f} %' for pages in (1, PAGES, PAGES)),
        f'{1000 * cost_s:.1f} ms each'))


def main() -> int:
    """Print both tables."""
    from machines import missing
    parser = argparse.ArgumentParser(description=__doc__.strip().partition('\n')[0])
    parser.add_argument('--machines', nargs='+', type=int, default=[2, 4, 8], metavar='N')
    parser.add_argument('--seconds', type=float, default=20.0, help='of each count (20)')
    options = parser.parse_args()
    if missing():
        parser.error(missing())
    print(f'{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}\n')
    print(line('found', 'machines (processes)', 'all found after', 'a crib sends: nobody; page',
               'a crib gets: nobody; page', 'until all have met, all together'))
    print('|---|---|---|---|---|---|')
    rows: dict = {False: [], True: []}
    first = None
    for with_server, found in rows.items():
        for cribs in options.machines:
            row = measure(cribs, with_server, options.seconds, first is None)
            first = first or row
            found.append(row)
            page, nobody = row['page'], row['nobody']
            print(line('through a server' if with_server else 'by themselves',
                       f'{cribs} ({cribs * len(PROCESSES)})', f'{row["found_s"]:.0f} s',
                       *(f'{nobody[at]:.0f} B/s ({nobody[at + 1]:.1f}/s); {page[at]:.0f} B/s '
                         f'({page[at + 1]:.1f}/s)' for at in (0, 2)),
                       f'{row["met"][0] / 1e6:.2f} MB in {row["met"][1]:.0f} packets'),
                  flush=True)
    print('\n| of one crib | messages a second | bytes of one |\n|---|---|---|')
    for topic, (count, size) in first['sizes'].items():
        print(line(f'`{topic}`', f'{count:.2f}', f'{size:.0f}'))
    print(f'\nsound to one listener: a crib sends {first["sound"][0]:.0f} B/s')
    print('\n' + line('reckoned', f'a ward of {WARD}', f'{CRIBS} cribs on {MACHINES} machines',
                      'the same, one process a machine', 'from') + '\n|---|---|---|---|---|')
    quiet = first['nobody'][0]
    reckon(rows, first['sizes'], quiet, first['page'][0], first['sound'][0] - quiet)
    return 0


if __name__ == '__main__':
    sys.exit(main())
