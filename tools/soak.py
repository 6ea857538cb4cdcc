# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The long forms of the reliability tests, with the figures that docs/evidence/reliability.md holds.

    make soak                                  (all of them: 25 to 75 minutes)
    make soak SOAK=--short                     (all of them, a tenth as long)
    make soak SOAK='--only endurance --hours 6'

Everything is real: processes, DDS, kill -9. The exit code is 1 if anything was lost that
should not have been.
"""

import argparse
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
import os
from pathlib import Path
import platform
import random
import subprocess
import sys
import tempfile
import time
import traceback

import pytest

_HELPERS = Path(__file__).resolve().parents[1] / 'test' / 'helpers'
sys.path[:0] = [str(_HELPERS / folder) for folder in ('', 'hearing', 'motion')]
os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
os.environ['XDG_STATE_HOME'] = tempfile.mkdtemp(prefix='baby_cry_soak_')

MINUTES_A_ROW = 30


def say(text=''):
    """Print at once, for whoever watches."""
    print(text, flush=True)


def endurance(options) -> bool:
    """Push hours of audio through; every cry is to be heard, memory and cost to stay."""
    from endurance import GraphProcess, listen_for
    minutes = round(options.hours * 60)
    say(f'## Endurance: {options.hours:g} hours of audio, a cry each minute\n')
    say('| audio | cries | heard | false | onset delay | memory | cost per frame | speed |')
    say('|---|---|---|---|---|---|---|---|')
    graph = GraphProcess()
    rows = []
    try:
        for row in listen_for(graph, minutes, min(MINUTES_A_ROW, minutes)):
            rows.append(row)
            say(f'| {row.minute / 60:.1f} h | {row.cries} | {row.heard} | {row.false} | '
                f'{row.onset_delay_s:.2f} s | {row.resident_mb:.1f} MB | '
                f'{row.cpu_us_per_frame:.0f} µs | {row.times_real_time:.0f}× |')
    finally:
        code = graph.close()
    cries, heard = sum(r.cries for r in rows), sum(r.heard for r in rows)
    growth = rows[-1].resident_mb / rows[0].resident_mb - 1
    cost = rows[-1].cpu_us_per_frame / rows[0].cpu_us_per_frame - 1
    false = sum(r.false for r in rows)
    say(f'\n{cries} cries, {heard} heard, {cries - heard} lost, {false} false alarms; memory '
        f'{100 * growth:+.1f} %, cost per frame {100 * cost:+.1f} % from the first row to the '
        f'last; exit code {code}.\n')
    return cries == heard and abs(growth) < 0.05 and code == 0


def floods(options) -> bool:
    """Send hostile messages on every input topic, before, between and after real audio."""
    from endurance import CRY_AT_S, CRY_S, GraphProcess, Hostile, minute_with_cry, START_NS
    from graph_harness import NS
    import numpy as np
    say(f'## Hostile floods: {options.messages} messages on every input topic\n')
    graph = GraphProcess()
    probe = graph.probe
    hostile = Hostile(probe)
    probe.announce()
    begin_s = time.monotonic()
    hostile.flood(Hostile.ANY, options.messages // 2)    # buffers grow once
    before_mb = graph.resident_mb
    hostile.flood(Hostile.ANY, options.messages)
    flooded_s = time.monotonic() - begin_s
    after_mb = graph.resident_mb
    heard, tries = 0, 10
    first = int((CRY_AT_S - 2) * 16_000)
    for number in range(tries):
        start_ns = START_NS + (7200 + 60 * number) * NS
        hostile.calm_down()
        cry = minute_with_cry(number)[first:first + int((CRY_S + 3) * 16_000)]
        probe.heard_until(probe.play(np.zeros(16_000, np.int16), start_ns - NS))
        heard += hostile.hears_through(cry, start_ns)
        hostile.flood(Hostile.ANY, options.messages // 100)
    end_mb = graph.resident_mb
    errors = sum(probe.count(name, 'internal_error')
                 for name in ('feature_extractor', 'cry_classifier'))
    code = graph.close()
    kinds = len(Hostile.ANY)
    say(f'{kinds * options.messages} messages of {kinds} kinds in {flooded_s:.0f} s; memory '
        f'{before_mb:.1f} MB → {after_mb:.1f} MB → {end_mb:.1f} MB at the end; {heard} of {tries} '
        f'cries heard among 50 malformed messages a topic and block; {errors} unexpected errors; '
        f'exit code {code}.\n')
    return heard == tries and not errors and end_mb < 1.05 * before_mb and code == 0


def crashes(options) -> bool:
    """Kill each node in mid-cry, again and again; print how fast crying is reported again."""
    from baby_cry_detector.ros.base.ros_time import to_nanoseconds
    from baby_cry_detector.ros.start.discovery import use_profile
    from baby_cry_detector.ros.tools.supervisor import RESPAWN_DELAY_S
    from separate_graph import LiveAudio, long_cry, SeparateGraph
    say(f'## kill -9 in mid-cry, {options.kills} times each, under the supervisor (delay '
        f'{RESPAWN_DELAY_S:g} s)\n')
    say('| killed | times | crying again after (median, worst) | within 5 s | episode went on | '
        'closed, reported | lost |')
    say('|---|---|---|---|---|---|---|')
    use_profile()       # the source is what audio_capture is
    good = True
    for victim in ('cry_classifier', 'feature_extractor'):
        delays, resumed, closed, lost = [], 0, 0, 0
        graph = SeparateGraph(tempfile.mkdtemp(prefix='baby_cry_soak_'))
        probe = graph.probe
        probe.announce()
        audio = LiveAudio(probe, long_cry(60.0 + 25.0 * options.kills))
        try:
            for number in range(options.kills):
                probe.spin_until(lambda: probe.needs and probe.needs[-1].crying)
                settle_s = time.monotonic() + 4.0
                probe.spin_until(lambda: time.monotonic() > settle_s and probe.needs[-1].crying)
                episode = probe.needs[-1].episode_id
                others = {name: pid for name, pid in graph.pids().items() if name != victim}
                killed_s = graph.kill(victim)
                probe.spin_until(lambda: graph.supervisor.respawned[victim] == number + 1)
                reported = [n for n in probe.needs if n.episode_id == episode and not n.crying]
                del probe.needs[:]
                # The classifier repeats what it holds: only new audio counts as heard again.
                back_ns = time.time_ns()
                probe.spin_until(lambda: any(n.crying and to_nanoseconds(n.header.stamp) > back_ns
                                             for n in probe.needs))
                delays.append(time.monotonic() - killed_s)
                again = next(n for n in probe.needs if n.crying)
                reported += [n for n in probe.needs if not n.crying]
                if again.episode_id == episode:
                    resumed += 1
                elif reported:
                    closed += 1
                else:
                    lost += 1
                good &= others.items() <= graph.pids().items()
        finally:
            audio.close()
            good &= graph.close()
        delays.sort()
        say(f'| {victim} | {options.kills} | {delays[len(delays) // 2]:.1f} s, {delays[-1]:.1f} s '
            f'| {sum(delay <= 5.0 for delay in delays)} | {resumed} | {closed} | {lost} |')
        good &= not lost
    say(f'\nThe other nodes kept their processes and all ended cleanly: {good}.\n')
    return good


def microphone(options) -> bool:
    """Take a virtual microphone away and give it back; the graph has to hear each time."""
    from endurance import minute_with_cry
    from unplugging import unplug_and_return
    import virtual_microphones
    say(f'## Microphone unplugged and returned, {options.unplugs} times\n')
    why = virtual_microphones.missing()
    if why:
        say(f'Not tried: {why}.\n')
        return False
    cry = minute_with_cry(6)[int(19.5 * 16_000):int(27 * 16_000)]
    with tempfile.TemporaryDirectory() as folder:
        reported, heard, delays_s = unplug_and_return(Path(folder), options.unplugs, cry)
    delays_s.sort()
    say(f'{reported} times the loss was reported (ERROR, NO_AUDIO), {heard} times a cry was heard '
        f'after the return, without a restart; listening again after '
        f'{delays_s[len(delays_s) // 2]:.1f} s (median), {delays_s[-1]:.1f} s (worst).\n')
    return reported == heard == options.unplugs


def care(options) -> bool:
    """Send episodes to diary and alerts; broker, webhook and disk go for a minute in between."""
    from care_graph import CareGraph
    from care_runs import many_episodes
    say(f'## {options.episodes} episodes to diary and alerts; broker, webhook and disk gone for '
        f'{options.fault_s:g} s\n')
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        disk = folder / 'disk'
        disk.mkdir()
        if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', str(disk)],
                          capture_output=True).returncode:
            say('The disk stays: mounting one takes more rights than these.\n')
            disk = None
        graph = CareGraph(folder)
        try:
            outcome = many_episodes(graph, folder, options.episodes, options.fault_s, disk)
        finally:
            clean = graph.close()
            if disk is not None:
                subprocess.run(['umount', '-l', str(disk)], check=True)
    say('| episodes | rows in the diary | alerts in it, ended | STARTs at the webhook | words '
        'that the broker confirmed | words lost | time | ended cleanly |')
    say('|---|---|---|---|---|---|---|---|')
    say(f'| {outcome.episodes} | {outcome.rows} | {outcome.alerts} | {outcome.webhook} | '
        f'{outcome.confirmed} | {outcome.lost} | {outcome.duration_s:.0f} s | '
        f'{clean} |\n')
    return outcome.whole and clean


def motion(options) -> bool:
    """Rock cribs through random histories; what their controllers execute is to stay within."""
    say(f'## Motion: {options.histories} random histories of a rocked crib, as executed\n')
    return lived(options.keep, options.seed or 1000, options.histories)


def refusals(options) -> bool:
    """Do the same with controllers that stand, and refuse what they then take too late."""
    say(f'## Refused plans: {options.refusals} random histories with a controller that refuses '
        'plans unheard\n')
    return lived(options.keep, options.seed or 9200, options.refusals, ('refusing_controller',))


def lived(keep: str, seed: int, number: int, events=()) -> bool:
    """Live through so many histories, of seeds from that one on, and print the highest."""
    from rocked_histories import live_through
    columns = {'jump': (1e3, '{:.2f} mm'), 'stroke': (1e3, '{:.2f} mm'), 'speed': (1, '{:.3f}'),
               'acceleration': (1, '{:.3f}'), 'jerk': (1, '{:.2f}'), 'straight': (1, '{:.2f}'),
               'straight_slow': (1, '{:.2f}')}
    shares = [min(1000, number - done) for done in range(0, number, 1000)]
    begin_s, counts, wrong, highest, faults = time.monotonic(), Counter(), Counter(), {}, []
    with ProcessPoolExecutor(os.cpu_count() or 1) as pool:
        for share in pool.map(partial(live_through, keep, events=events),
                              range(seed, seed + len(shares)), shares):
            for name, found, executed in share:
                counts[name] += 1
                if found:
                    wrong[name] += 1
                    faults.append((name, found))
                for what, value in executed.items():
                    highest[name, what] = max(value, highest.get((name, what), 0.0))
            print(f'{sum(counts.values())} histories, {len(faults)} outside of the limits '
                  f'{faults[-20:]}', file=sys.stderr, flush=True)
    say('The highest of all histories of a kind; speed in m/s, acceleration in m/s² (cubic), jerk '
        'in m/s³, and the acceleration of straight lines over 0.2 s and over 0.3 s:\n')
    say(f'| what happened | histories | outside | {" | ".join(columns)} |')
    say('|---|---|---|' + '---|' * len(columns))
    for name, count in sorted(counts.items()):
        figures = (text.format(scale * highest.get((name, what), float('nan')))
                   for what, (scale, text) in columns.items())
        say(f'| {name.replace("_", " ")} | {count} | {wrong[name]} | {" | ".join(figures)} |')
    say(f'\n{sum(counts.values())} histories (seeds {seed} to {seed + len(shares) - 1}) in '
        f'{(time.monotonic() - begin_s) / 60:.0f} min; '
        f'{len(faults)} outside of the limits{"" if not faults else f": {faults[:20]}"}.\n')
    return not faults


def swings(options) -> bool:
    """Kill the rocker at random moments of real swings, and say stop to the one that follows."""
    from killed_swings import killed_swings
    say(f'## kill -9 of the rocker at {options.swings} random moments of a swing\n')
    begin_s, kills, highest, late, faults = time.monotonic(), 0, 0.0, 0, []
    shares = [min(10, options.swings - done) for done in range(0, options.swings, 10)]
    # Two cribs at a time, each in a domain of its own: most of the time is waiting.
    with ProcessPoolExecutor(2, get_context('spawn')) as pool:
        for some in pool.map(partial(killed_swings, options.keep), range(1, 1 + len(shares)),
                             shares):
            kills, late, highest = kills + some.kills, late + some.late, max(highest, some.highest)
            faults += some.faults
            print(f'{kills} kills, {highest:.2f} m/s², {faults}', file=sys.stderr, flush=True)
    say(f'{kills} kills in {(time.monotonic() - begin_s) / 60:.0f} min; highest acceleration '
        f'executed {highest:.2f} m/s²; {late} trajectories came over 0.1 s late and were '
        f'refused; {len(faults)} outside of the limits{"" if not faults else f": {faults[:10]}"}.'
        '\n')
    return not faults


def interrupts(options) -> bool:
    """Press Ctrl-C at random moments of `make run`, of its setting up too."""
    from interrupting import complaint, interrupt
    root = Path(__file__).resolve().parents[1]
    say(f'## Ctrl-C: {options.interrupts} times `make run`, after 0.1 to 8 s\n')
    generator, faults, settings = random.Random(1), [], max(1, options.interrupts // 10)
    for number in range(options.interrupts):
        if number < settings:          # it has to build, and is ended before it is done
            (root / '.setup' / 'build.done').unlink(missing_ok=True)
        elif number == settings:
            subprocess.run(['make', '-s', 'setup'], cwd=root, check=True, capture_output=True)
        delay_s = generator.uniform(0.1, 8.0)
        variant = generator.choice(([], ['SEPARATE=1'], ['BEHAVIOURS=1']))
        code, output = interrupt(['make', 'run', 'SOURCE=demo', *variant], delay_s, root)
        fault = complaint(code, output)
        if fault:
            faults.append((number, delay_s, fault))
            say(f'{number}: {" ".join(variant)} after {delay_s:.2f} s: {fault}\n{output[-2000:]}')
    say(f'{options.interrupts - len(faults)} of {options.interrupts} quiet, exit code 0; '
        f'{settings} of them while it was built.\n')
    return not faults


PARTS = {'motion': motion, 'refusals': refusals, 'swings': swings, 'interrupts': interrupts,
         'crashes': crashes, 'care': care, 'microphone': microphone, 'floods': floods,
         'endurance': endurance}
# What a part is measured in: the long form, and its help.
LENGTHS = {'histories': (100_000, 'for motion'),
           'refusals': (10_000, 'histories, for refusals'),
           'swings': (200, 'kills, for swings'),
           'interrupts': (200, 'for interrupts'),
           'hours': (6.0, 'of audio, for endurance'),
           'messages': (10_000, 'of each kind, for floods'),
           'kills': (10, 'of each node, for crashes'),
           'episodes': (1000, 'for care'),
           'fault-s': (60.0, 'for care'),
           'unplugs': (10, 'for microphone')}


def timed(name: str, options):
    """Run a part; return (whether nothing was lost, minutes)."""
    begin_s = time.monotonic()
    try:
        good = PARTS[name](options)
    except (Exception, pytest.fail.Exception):     # waited in vain; the other parts go on
        say(f'{traceback.format_exc()}\nLost.\n')
        good = False
    return good, (time.monotonic() - begin_s) / 60


def main() -> int:
    """Run what was asked for; return 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    for name, (default, help_text) in LENGTHS.items():
        parser.add_argument(f'--{name}', type=type(default), help=f'{help_text} ({default:g})')
    parser.add_argument('--seed', type=int, help='the first, for motion (1000) and refusals '
                        '(9200)')
    parser.add_argument('--keep', default='', metavar='FOLDER', help='of interrupted runs of '
                        'motion and swings, to go on with; of the same code')
    parser.add_argument('--short', action='store_true', help='a tenth of what is not given')
    parser.add_argument('--only', choices=tuple(PARTS), action='append')
    options = parser.parse_args()
    if options.keep:
        Path(options.keep).mkdir(parents=True, exist_ok=True)
    for name, (default, _) in LENGTHS.items():
        attribute = name.replace('-', '_')
        if getattr(options, attribute) is None:
            setattr(options, attribute,
                    type(default)(default / 10) if options.short else default)
    say(f'`tools/soak.py` on {platform.machine()}, {os.cpu_count()} cores, Python '
        f'{platform.python_version()}, {time.strftime("%Y-%m-%d")}\n')
    results = {name: timed(name, options) for name in options.only or PARTS}
    say(', '.join(f'{name}: {"survived" if good else "LOST"} ({minutes:.0f} min)'
                  for name, (good, minutes) in results.items()))
    return 0 if all(good for good, _ in results.values()) else 1


if __name__ == '__main__':
    sys.exit(main())
