# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The example without ROS: it runs as the documents say, and ends as the replay does."""

from pathlib import Path
import runpy

from baby_cry_detector.care.need.replay import replay
from baby_cry_detector.research.needs.households import Household, START_NS
from baby_cry_detector.units import DAY_NS
from made_babies import picture

EXAMPLE = Path(__file__).parents[3] / 'examples' / 'learn_one_baby.py'
DAYS = 4


def test_it_says_what_it_believes_and_ends_as_the_replay_of_all_of_it(capsys):
    baby = runpy.run_path(str(EXAMPLE))['main'](DAYS)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith('day 0: not known yet') and 'right ' in lines[-1]
    household = Household(4, DAYS)
    assert len(lines) == (len(household.cries) + 9) // 10 + 1
    again = replay(household.cries, household.facts, START_NS - 40 * DAY_NS,
                   until_ns=START_NS + DAYS * DAY_NS)
    assert picture(baby) == picture(again)
