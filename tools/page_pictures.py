# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Make the pictures of the caregiver's page: the real graph on the synthesised demonstration.

    ./env.sh python tools/page_pictures.py           docs/images/page_dark.png, page_light.png
    ./env.sh python tools/page_pictures.py FOLDER    every state, light and dark, small and large
    ./env.sh python tools/page_pictures.py --icons   the PNG icons from icon.svg

The week in its diary is made up by a seeded generator. Needs Debian's chromium and
chromium-driver.
"""

import argparse
import os
from pathlib import Path
import sys
import tempfile
import time

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / 'test' / 'helpers'))
os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')

from care_runs import at_once  # noqa: E402  # after the path
import numpy as np  # noqa: E402  # after the path
from page_harness import browser_missing, Phone, ServedPage, wait_until  # noqa: E402, E501  # after the path

NS = 1_000_000_000
HOUR_NS = 3600 * NS
ASSETS = ROOT / 'baby_cry_detector' / 'page' / 'assets'
IMAGES = ROOT / 'docs' / 'images'
CRIB = 'nursery'
AT_ONCE = at_once('repeat_s: 60, escalate_after_s: 3600, snooze_max_s: 3600, heartbeat_s: 1')


def write_week(path, now_ns):
    """Fill a diary with eight days as a small baby might have them."""
    from baby_cry_detector.care.diary.rows import CareEntry, EpisodeRow
    from baby_cry_detector.care.diary.store import DiaryStore
    random = np.random.default_rng(7)
    episodes, events = [], []

    def event(kind, stamp_ns, **fields):
        events.append(CareEntry(f'{kind}-{len(events)}', int(stamp_ns), kind, CRIB, **fields))

    # A meal every three hours or so, crying before it, and a long evening.
    meal_ns = now_ns - 8 * 24 * HOUR_NS
    while meal_ns < now_ns - HOUR_NS // 2:
        who = ('Anna', 'Ben')[int(random.integers(2))]
        lasts_ns = int(random.gamma(2.0, 180.0) * NS) + 20 * NS
        name = f'{CRIB}-{len(episodes)}'
        row = EpisodeRow(name, CRIB, meal_ns - lasts_ns, meal_ns, False)
        row.curve.add(0, 0.95, float(random.uniform(0.2, 0.9)))
        episodes.append(row)
        if random.random() < 0.7:
            event('labelled', meal_ns, who=who, episode_id=name,
                  label=('hungry', 'hungry', 'tired', 'burping')[int(random.integers(4))])
        event('fed', meal_ns + 4 * 60 * NS, who=who, text=f'{int(random.integers(8, 15)) * 10} ml')
        if random.random() < 0.6:
            event('changed', meal_ns + 25 * 60 * NS, who=who)
        event('slept', meal_ns + 45 * 60 * NS, who=who)
        meal_ns += int(random.normal(2.9, 0.5) * HOUR_NS)
        hour = time.localtime(meal_ns // NS).tm_hour
        for _ in range(3 if 17 <= hour < 22 else int(random.integers(2))):
            start_ns = meal_ns - int(random.uniform(0.5, 2.2) * HOUR_NS)
            if start_ns > now_ns - HOUR_NS:
                continue
            row = EpisodeRow(f'{CRIB}-{len(episodes)}', CRIB, start_ns,
                             start_ns + int(random.gamma(2.0, 150.0) * NS), False)
            row.curve.add(0, 0.95, float(random.uniform(0.1, 0.7)))
            episodes.append(row)
    with DiaryStore(path) as store:
        store.write(episodes, [entry for entry in events if entry.stamp_ns < now_ns])


class Nursery:
    """Everything of the household, in one process."""

    def __init__(self, folder):
        """Start it on the demonstration, over and over."""
        from baby_cry_detector.ros.nodes.caregiver_alert import CaregiverAlert
        from baby_cry_detector.ros.nodes.diary import Diary
        from baby_cry_detector.ros.tools.live import write_demonstration
        from graph_harness import RunningGraph
        diary, policy = folder / 'diary.sqlite', folder / 'policy.yaml'
        write_week(diary, time.time_ns())
        policy.write_text(AT_ONCE)
        self.graph = RunningGraph({
            'audio_capture': {'source': 'file', 'file': str(write_demonstration(folder)),
                              'loop': True, 'frame_id': CRIB},
            'cry_classifier': {'keep_episode': False}}, capture=True)
        context = self.graph.context
        for node in (Diary({'file': str(diary)}, context=context),
                     CaregiverAlert({'policy': str(policy), 'keep_alert': False},
                                    context=context)):
            if not node.autostart():
                raise SystemExit(f'{node.get_name()} did not start')
            self.graph.nodes.append(node)
            self.graph.executor.add_node(node)
        self.page = ServedPage(self.graph, diary_file=str(diary))

    def node(self, name):
        """Return a node."""
        return next(node for node in self.graph.nodes if node.get_name() == name)

    def close(self):
        """End it."""
        self.page.close()
        self.graph.close()


def wait_for_state(phone, state):
    """Wait until the page shows a state, and has drawn the week."""
    wait_until(lambda: phone.run('return document.body.dataset.state') == state
               and phone.run('return document.querySelectorAll("#week-rows .cry").length'))
    time.sleep(1.5)


def two_pictures(nursery):
    """Make the pictures of the documentation."""
    IMAGES.mkdir(exist_ok=True)
    phone = Phone(dark=True)
    phone.open(nursery.page.address)
    wait_for_state(phone, 'crying')
    phone.shows('acknowledge', 'on it')
    phone.picture(IMAGES / 'page_dark.png')
    phone.prefer(dark=False)
    wait_for_state(phone, 'quiet')
    phone.run('document.getElementById("day").scrollIntoView()')
    time.sleep(0.5)
    phone.picture(IMAGES / 'page_light.png')
    phone.close()


def all_pictures(nursery, folder):
    """Make a picture of every state, light and dark, small and large."""
    folder.mkdir(parents=True, exist_ok=True)
    phones = {'small_dark': Phone(True), 'small_light': Phone(False),
              'large_dark': Phone(True, 1280, 900), 'large_light': Phone(False, 1280, 900)}

    def take(name, whole=False):
        for size, phone in phones.items():
            phone.picture(folder / f'{name}_{size}.png', whole)
    for phone in phones.values():
        phone.open(nursery.page.address)
    first = phones['small_dark']
    for state in ('crying', 'quiet'):
        for phone in phones.values():
            wait_until(lambda phone=phone: phone.text('day-sum').startswith('Cried'))
        wait_for_state(first, state)
        take(state)
    take('whole', whole=True)
    first.tap('#snooze')
    first.shows('alert-text', 'Snoozed')
    take('snoozed')
    nursery.graph.executor.create_task(nursery.node('audio_capture').trigger_deactivate)
    first.shows('headline', 'No sound arrives')
    time.sleep(1.5)
    take('no_audio')
    nursery.graph.executor.create_task(nursery.node('cry_classifier').trigger_deactivate)
    first.shows('headline', 'The detector has stopped')
    time.sleep(1.5)
    take('no_detector')
    nursery.page.in_ros_thread(nursery.page.node.trigger_deactivate)
    for phone in phones.values():
        phone.shows('headline', 'Connection lost')
    take('lost')
    for phone in phones.values():
        phone.close()


def icons():
    """Draw the PNG icons from the SVG."""
    for size in (192, 512):
        phone = Phone(width=size, height=size)
        phone.open((ASSETS / 'icon.svg').as_uri())
        phone.picture(ASSETS / f'icon-{size}.png')
        phone.close()


def main() -> int:
    """Make what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('folder', nargs='?', type=Path, help='where every state is pictured')
    parser.add_argument('--icons', action='store_true', help='draw the icons instead')
    options = parser.parse_args()
    if browser_missing():
        print(f'error: {browser_missing()}', file=sys.stderr)
        return 1
    if options.icons:
        icons()
        return 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ['XDG_STATE_HOME'] = folder
        nursery = Nursery(Path(folder))
        try:
            if options.folder:
                all_pictures(nursery, options.folder)
            else:
                two_pictures(nursery)
        finally:
            nursery.close()
    return 0


if __name__ == '__main__':
    sys.exit(main())
