# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Many episodes in a row to diary and alerts, with everything taken away in the middle."""

from dataclasses import dataclass
import time

from alert_receivers import Broker, HttpReceiver, no_broker
from baby_cry_detector.care.diary.store import DiaryStore
from baby_cry_detector.msg import CryAlert
from care_graph import NS

ONSET_NS = 1_790_000_000 * NS


def at_once(alerts):
    """Return a policy that tells of every cry at once; ``alerts``: when and how often, in YAML."""
    return f"""
version: 1
alerts: {{limit_s: 0, {alerts}}}
needs:
  default:
    mild: {{alert_after_s: 0, priority: low, soothe: []}}
    moderate: {{alert_after_s: 0, priority: medium, soothe: []}}
    strong: {{alert_after_s: 0, priority: high, soothe: []}}
"""


AT_ONCE = at_once('repeat_s: 5, escalate_after_s: 3600, snooze_max_s: 60, heartbeat_s: 1')


@dataclass
class Outcome:
    """
    What became of the episodes.

    :ivar rows: episodes in the diary, each counted once; ``alerts``: alerts in it that have ended.
    :ivar webhook: episodes whose START came to the webhook.
    :ivar confirmed: words that the broker confirmed, START and END of each; -1: no broker.
    :ivar lost: words that any channel gave up.
    """

    episodes: int
    rows: int
    alerts: int
    webhook: int
    confirmed: int
    lost: int
    duration_s: float

    @property
    def whole(self) -> bool:
        """Return whether nothing was lost."""
        return (self.rows == self.alerts == self.webhook == self.episodes and not self.lost
                and (self.confirmed == -1 or self.confirmed >= 2 * self.episodes))


class Fault:
    """Broker and webhook gone and the diary's disk full, for a time."""

    def __init__(self, broker, receiver, disk, duration_s):
        """Begin."""
        self.until_s = time.monotonic() + duration_s
        self._broker, self._receiver = broker, receiver
        self._fill = disk / 'fill' if disk is not None else None
        if broker is not None:
            broker.stop()
        receiver.status = 503
        if self._fill is not None:
            with open(self._fill, 'wb', buffering=0) as file:
                try:
                    while True:
                        file.write(bytes(4096))
                except OSError:
                    pass

    def end(self):
        """Give everything back."""
        if self._broker is not None:
            self._broker.start()
        self._receiver.status = 200
        if self._fill is not None:
            self._fill.unlink()


def many_episodes(graph, folder, count, fault_s=0.0, disk=None):
    """
    Send ``count`` episodes as fast as they are worked through; return what became of them.

    :param graph: a `CareGraph`; diary and alerts are started in it.
    :param fault_s: after a third, take broker, webhook and disk away for so long.
    :param disk: folder of the diary, on a small disk of its own.
    """
    policy = folder / 'policy.yaml'
    policy.write_text(AT_ONCE)
    receiver = HttpReceiver()
    broker = None if no_broker() else Broker(folder)
    parameters = {'policy': str(policy), 'webhook_url': receiver.url}
    if broker is not None:
        parameters.update(mqtt_host='127.0.0.1', mqtt_port=broker.port)
    path = (disk or folder) / 'diary.sqlite'
    fault = None
    faulted = not fault_s
    try:
        graph.start('diary', file=str(path))
        graph.start('caregiver_alert', **parameters)
        begin_s = time.monotonic()

        def ended():
            return sum(a.state == CryAlert.STATE_END for a in graph.alerts)
        for number in range(count):
            if not faulted and number >= count // 3:
                fault, faulted = Fault(broker, receiver, disk, fault_s), True
            if fault is not None:
                if time.monotonic() > fault.until_s:
                    fault.end()
                    fault = None
                else:
                    # So that the fault spans many episodes, and not all of them.
                    graph.spin(fault_s * 2 / count)
            graph.episode(ONSET_NS + number * 20 * NS, duration_s=3.0)
            # No faster than anybody works through it: a queue of 1,000 is what there is.
            graph.until(lambda: ended() > number - 50, 120.0)
        while fault is not None and time.monotonic() < fault.until_s:
            graph.spin(0.2)
        if fault is not None:
            fault.end()
            fault = None
        graph.until(lambda: ended() >= count, 120.0)

        names = ('webhook', 'mqtt') if broker is not None else ('webhook',)

        def figures(what):
            details = graph.diagnosis('caregiver_alert')[2]
            return [int(details.get(f'{name}.{what}', -1)) for name in names]
        graph.until(lambda: min(figures('delivered')) >= 2 * count
                    and not any(figures('waiting')), 240.0)

        def alerts_for_crying(store):
            # While we wait nobody speaks on cry_need, which is an alert too, later.
            return [alert for alert in store.alerts() if alert['episode_id']]

        def written():
            with DiaryStore(path) as store:
                alerts = alerts_for_crying(store)
                return len(alerts) >= count and all(alert['end_ns'] for alert in alerts)
        graph.until(written, 240.0)
        duration_s = time.monotonic() - begin_s
        with DiaryStore(path) as store:
            rows = [row['episode_id'] for row in store.episodes()]
            alerts = alerts_for_crying(store)
        starts = [d['episode_id'] for d in receiver.documents if d['state'] == 'start']
        return Outcome(count, len(rows) if len(rows) == len(set(rows)) else -1,
                       len({a['episode_id'] for a in alerts}), len(set(starts) & set(rows)),
                       figures('delivered')[1] if broker is not None else -1,
                       sum(figures('lost')), duration_s)
    finally:
        receiver.close()
        if broker is not None:
            broker.stop()
