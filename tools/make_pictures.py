# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Make the pictures of the documentation again, from the synthesised demonstration.

    ./env.sh python tools/make_pictures.py

Writes docs/images/plot_light.png (what `baby-cry plot` draws), docs/images/monitor_dark.png and
docs/images/monitor_light.png (what the monitor publishes in the middle of the first cry).
"""

from pathlib import Path
import tempfile

from baby_cry_detector.audio import to_pcm16
from baby_cry_detector.audio.synthesis.synthesiser import demonstration
from baby_cry_detector.cli.plot import draw
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
from baby_cry_detector.stream.replay import file_messages, MessageReplay
from baby_cry_detector.views.history import History
from baby_cry_detector.views.picture import Limits, Now, Picture
import numpy as np
from PIL import Image
import soundfile

FOLDER = Path(__file__).resolve().parents[1] / 'docs' / 'images'
RATE, NS = 16_000, 1_000_000_000
WINDOW_S, SHOWN_UNTIL_S, COLUMNS = 20.0, 22.0, 520


def monitor_history(path, listener):
    """Return what the monitor has heard at SHOWN_UNTIL_S, and the decision then."""
    history = History(COLUMNS, round(WINDOW_S * NS / COLUMNS))
    feature_set = listener.feature_set
    replay = MessageReplay(
        feature_set, history.add_audio,
        lambda frames: history.add_frames(frames.start_ns, feature_set, frames.values))
    messages = (message for message in file_messages(path, RATE, 0.04)
                if message.arrival_ns <= SHOWN_UNTIL_S * NS)
    for decision in replay.decisions(messages, listener):
        history.add_state(decision)
    return history, decision


def main():
    """Write the pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    samples, _ = demonstration()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'demonstration.wav'
        soundfile.write(path, to_pcm16(samples), RATE, subtype='PCM_16')
        picture, _ = draw(path, FrameListener(open_checkpoint()))
        Image.fromarray(picture).save(FOLDER / 'plot_light.png', optimize=True)
        listener = FrameListener(open_checkpoint())
        history, decision = monitor_history(path, listener)
    settings = listener.decider.settings
    seconds = (decision.stamp_ns - decision.onset_ns) / NS
    now = Now('crib', f'CRYING for {seconds:.0f} s',
              f'need not clear, intensity {decision.intensity:.2f}', '02:15:07', True)
    for theme in ('dark', 'light'):
        pixels = Picture(640, 360, theme).draw(
            history, now, Limits(settings.enter_threshold, settings.leave_threshold))
        Image.fromarray(np.ascontiguousarray(pixels)).save(
            FOLDER / f'monitor_{theme}.png', optimize=True)


if __name__ == '__main__':
    main()
