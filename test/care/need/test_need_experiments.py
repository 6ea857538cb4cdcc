# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`baby-cry experiment needs` on a few babies and households, to the end, and gone on with."""

import json

from baby_cry_detector.cli.main import main
import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize('what, key', [('babies', 'ever_named'), ('households', 'weeks_5_8')])
def test_a_small_count_runs_to_the_end_and_goes_on_from_what_is_there(capsys, tmp_path, what, key):
    kept = tmp_path / 'kept.jsonl'

    def ask(count):
        assert main(['experiment', 'needs', what, '--count', str(count), '--keep', str(kept)]) == 0
        return json.loads(capsys.readouterr().out)

    one = ask(1)
    assert one[what] == 1 and key in one
    first = kept.read_text()
    assert first.count('\n') == 1 and ask(1) == one, 'the same, and nothing anew'
    assert ask(2)[what] == 2 and kept.read_text().startswith(first)
