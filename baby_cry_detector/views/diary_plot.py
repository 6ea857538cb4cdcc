# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A day and a week of the diary at a glance."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, List, Optional, Sequence, Tuple, Union

from baby_cry_detector.care.diary.rows import SOOTHING_KINDS
from baby_cry_detector.care.diary.store import DiaryStore
from baby_cry_detector.units import SECOND_NS

INK, QUIET, GRID = '#1b2a41', '#7a8699', '#e4e8ee'
CRY = ('#f6c9a8', '#ec8f5e', '#c8452f')            # mild, hard, hardest
CARE = {'fed': ('o', '#00798c', 'fed'), 'changed': ('^', '#8a6fb0', 'changed'),
        'slept': ('s', '#3d5a98', 'slept'), 'note': ('D', '#7a8699', 'note')}
ACTIONS = {'rocking': ('#6aa57a', 'rocking'), 'sound': ('#58a4b0', 'sound')}
SHORTEST_SHOWN_H = 4 / 60
DAYS = 7


def _day_start(stamp_ns: int) -> datetime:
    when = datetime.fromtimestamp(stamp_ns // SECOND_NS)
    return when.replace(hour=0, minute=0, second=0, microsecond=0)


def _to_ns(when: datetime) -> int:
    return round(when.timestamp()) * SECOND_NS


def duration_text(seconds: float) -> str:
    """Return a duration for reading."""
    minutes = round(seconds / 60)
    if seconds and not minutes:
        return f'{round(seconds)} s'
    return f'{minutes} min' if minutes < 60 else f'{minutes // 60} h {minutes % 60:02d} min'


def _colour(intensity: Optional[float]) -> str:
    if intensity is None:
        return CRY[0]
    return CRY[0] if intensity < 0.4 else CRY[1] if intensity < 0.7 else CRY[2]


class _Day:
    """What happened from one midnight to the next, in hours since the first."""

    def __init__(self, store: DiaryStore, start: datetime, crib_id: Optional[str]):
        self.start = start
        self.start_ns, self.end_ns = _to_ns(start), _to_ns(start + timedelta(days=1))
        wanted = [row for row in store.episodes(self.start_ns, self.end_ns)
                  if crib_id in (None, row['crib_id'])]
        self.episodes = wanted
        self.events = [row for row in store.events(self.start_ns, self.end_ns)
                       if crib_id is None or row['crib_id'] in ('', crib_id)]
        self.alerts = [row for row in store.alerts(self.start_ns, self.end_ns)
                       if crib_id in (None, row['crib_id'])]

    def hours(self, stamp_ns: int) -> float:
        """Return where a moment lies on the day, 0 to 24; on the day of a clock change too."""
        when = datetime.fromtimestamp(stamp_ns / SECOND_NS)
        if stamp_ns <= self.start_ns:
            return 0.0
        if stamp_ns >= self.end_ns:
            return 24.0
        return when.hour + when.minute / 60 + when.second / 3600

    def span(self, start_ns: int, end_ns: int) -> Tuple[float, float]:
        """Return (left, width), wide enough to be seen."""
        left = self.hours(start_ns)
        return left, max(SHORTEST_SHOWN_H, self.hours(end_ns) - left)

    @property
    def cried_s(self) -> float:
        """Return how long it cried on this day."""
        cried_ns: int = sum(min(row['end_ns'], self.end_ns) - max(row['onset_ns'], self.start_ns)
                            for row in self.episodes)
        return cried_ns / SECOND_NS

    def actions(self) -> List[Tuple[str, int, int]]:
        """Return (kind, start, end) of what the robot did."""
        open_, done = {}, []
        for event in self.events:
            key = event['action_id'] or event['event_id']
            if event['kind'] not in SOOTHING_KINDS:
                continue
            if event['phase'] == 'started':
                open_[key] = event
            elif event['phase'] == 'ended':
                begun = open_.pop(key, None)
                done.append((event['kind'], begun['stamp_ns'] if begun else event['stamp_ns'],
                             event['stamp_ns']))
        done += [(event['kind'], event['stamp_ns'], event['stamp_ns'])
                 for event in open_.values()]
        return done


def draw(store: DiaryStore, path: Union[str, Path], day_ns: Optional[int] = None,
         crib_id: Optional[str] = None) -> None:
    """
    Draw a day and the week that ends with it, in local time.

    :param path: PNG (or what else matplotlib writes) to make.
    :param day_ns: any moment of the day; ``None`` for that of the newest entry.
    :param crib_id: one crib; ``None`` for all.
    :raises ValueError: if the diary is empty, or matplotlib is missing.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ValueError('the picture needs matplotlib: install python3-matplotlib (apt) or '
                         'matplotlib (pip)') from None
    if day_ns is None:
        newest = [row['onset_ns'] for row in store.episodes()[-1:]]
        newest += [row['stamp_ns'] for row in store.events()[-1:]]
        if not newest:
            raise ValueError('the diary is empty')
        day_ns = max(newest)
    last = _day_start(day_ns)
    days = [_Day(store, last - timedelta(days=back), crib_id) for back in range(DAYS)]
    figure = Figure(figsize=(12, 7.6), dpi=110, facecolor='white')
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, 1, height_ratios=[1.0, 1.25], hspace=0.36, left=0.085,
                               right=0.86, top=0.88, bottom=0.1)
    figure.text(0.085, 0.955, f'{last:%A, %-d %B %Y}', fontsize=17, color=INK, weight='bold',
                va='center')
    figure.text(0.86, 0.955, f'{_counted(days[0])}', fontsize=12, color=INK,
                ha='right', va='center')
    _draw_day(figure.add_subplot(grid[0]), days[0])
    _draw_week(figure.add_subplot(grid[1]), days)
    _draw_legend(figure, days)
    figure.savefig(Path(path).expanduser())


def _counted(day: _Day) -> str:
    count = len(day.episodes)
    if not count:
        return 'no crying'
    return f'cried {duration_text(day.cried_s)} in {count} episode{"s" if count > 1 else ""}'


def _hour_axis(axes: Any) -> None:
    axes.set_xlim(0, 24)
    axes.set_xticks(range(0, 25, 3), [f'{hour:02d}:00' for hour in range(0, 25, 3)])
    axes.tick_params(colors=QUIET, length=0, labelsize=9)
    axes.grid(axis='x', color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)


def _draw_day(axes: Any, day: _Day) -> None:
    _hour_axis(axes)
    axes.axhline(0, color=QUIET, linewidth=0.8)
    for row in day.episodes:
        left, width = day.span(row['onset_ns'], row['end_ns'])
        points = [(point[1] / 1000 if point else 0.0) for point in row['curve']['points']]
        step_h = row['curve']['step_s'] / 3600
        colour = _colour(row['intensity_peak'])
        if len(points) * step_h > 3 * SHORTEST_SHOWN_H:
            at = [day.hours(row['onset_ns']) + step_h * (index + 0.5)
                  for index in range(len(points))]
            axes.fill_between(at, points, step='mid', color=colour, linewidth=0)
        else:
            axes.bar(left, max(row['intensity_peak'] or 0.0, 0.08), width, align='edge',
                     color=colour, linewidth=0)
        text = row['label'] or ''
        if text:
            axes.annotate(text, (left + width / 2, 1.03), ha='center', fontsize=8.5, color=INK)
    for kind, start_ns, end_ns in day.actions():
        axes.broken_barh([day.span(start_ns, end_ns)], (-0.17, 0.09),
                         color=ACTIONS[kind][0], linewidth=0)
    for event in day.events:
        if event['kind'] in CARE:
            marker, colour, _ = CARE[event['kind']]
            axes.plot(day.hours(event['stamp_ns']), -0.29, marker, color=colour, markersize=7,
                      markeredgewidth=0)
            if event['kind'] == 'note':
                axes.annotate(event['text'][:30], (day.hours(event['stamp_ns']) + 0.15, -0.29),
                              fontsize=8, color=QUIET, va='center')
    for alert in day.alerts:
        left = day.hours(alert['start_ns'])
        axes.plot(left, 0.95, 'v', color=INK, markersize=6.5, markeredgewidth=0)
    axes.set_ylim(-0.4, 1.12)
    axes.set_yticks([-0.29, -0.125, 0.0, 0.5, 1.0],
                    ['care', 'robot', 'quiet', 'hard', 'hardest'])
    axes.set_title('How hard, what was done', loc='left', fontsize=10.5, color=QUIET)


def _draw_week(axes: Any, days: Sequence[_Day]) -> None:
    _hour_axis(axes)
    for index, day in enumerate(days):
        axes.barh(index, 24, height=0.62, color='#f5f7fa', linewidth=0)
        for row in day.episodes:
            axes.broken_barh([day.span(row['onset_ns'], row['end_ns'])], (index - 0.31, 0.62),
                             color=_colour(row['intensity_peak']), linewidth=0)
        for event in day.events:
            if event['kind'] in CARE and event['kind'] != 'note':
                marker, colour, _ = CARE[event['kind']]
                axes.plot(day.hours(event['stamp_ns']), index + 0.41, marker, color=colour,
                          markersize=4, markeredgewidth=0)
        axes.text(24.25, index, duration_text(day.cried_s) if day.episodes else '—',
                  va='center', fontsize=10, color=INK, weight='bold' if not index else 'normal')
        if day.episodes:
            axes.text(27.3, index, f'{len(day.episodes)} ×', va='center', ha='right',
                      fontsize=9, color=QUIET)
    axes.set_ylim(len(days) - 0.45, -0.55)
    axes.set_yticks(range(len(days)), [f'{day.start:%a %-d %b}' for day in days])
    axes.set_title('The week until then', loc='left', fontsize=10.5, color=QUIET)


def _draw_legend(figure: Any, days: Sequence[_Day]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    kinds = {event['kind'] for day in days for event in day.events}
    handles: List[Any] = [Patch(color=colour, label=text) for colour, text in zip(
        CRY, ('cried, mild', 'hard', 'hardest'))]
    handles += [Patch(color=colour, label=text) for kind, (colour, text) in ACTIONS.items()
                if kind in kinds]
    if days[0].alerts:
        handles.append(Line2D([], [], color=INK, marker='v', linewidth=0, label='alert'))
    handles += [Line2D([], [], color=colour, marker=marker, linewidth=0, label=text)
                for kind, (marker, colour, text) in CARE.items() if kind in kinds]
    figure.legend(handles=handles, loc='lower left', bbox_to_anchor=(0.075, 0.008), ncols=10,
                  frameon=False, fontsize=9, labelcolor=INK, handlelength=1.2,
                  columnspacing=1.6)
