# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the echo canceller reaches, and what others reach with the same signals.

For every made sound and drawn melody, and every room (image-source responses of pyroomacoustics,
0.1 m from loudspeaker to microphone, a device latency of 80 ms before it) it prints by how many dB
the echo becomes softer once converged, and after how many seconds it was 20 dB; the same with
clocks 100 and 200 ppm apart and with a loudspeaker of 5 % distortion; what a cry's level is
changed by; what it costs.
Beside it speexdsp's canceller, through the shared library where one is found: given the delay,
which it does not look for.

    pip install pyroomacoustics
    BABY_CRY_DATA_DIR=... python benchmarks/echo.py [--seconds 20]
"""

import argparse
import ctypes
import ctypes.util
import sys
import time

from baby_cry_detector.audio.echo import EchoCanceller
from baby_cry_detector.audio.sources import read_audio
from baby_cry_detector.care.sound.comfort_sounds import MADE_SOUNDS, make_sound
from baby_cry_detector.features import FeatureSet, StreamingExtractor
from baby_cry_detector.research.training.manifest import default_data_dir, load_clips
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
import numpy as np
from scipy import signal

RATE, SECOND_NS = 16_000, 10 ** 9
DELAY_S, LEAD_S, BLOCK = 0.08, 0.2, 640
LEVEL, NOISE_DB = 0.05, -50.0          # of the echo, and of the room below it
ROOM_M = (4.2, 3.6, 2.6)


def image_source_response(decay_s: float, distance_m: float) -> np.ndarray:
    """Return the response of a room, energy 1; the microphone stands on the robot."""
    import pyroomacoustics as rooms
    absorption, order = rooms.inverse_sabine(decay_s, ROOM_M)
    room = rooms.ShoeBox(ROOM_M, fs=RATE, materials=rooms.Material(absorption),
                         max_order=min(order, 40))
    source = np.array((1.3, 1.1, 0.9))
    room.add_source(source)
    room.add_microphone(source + np.array((distance_m, 0.0, 0.0)))
    room.compute_rir()
    response = room.rir[0][0]
    return response / np.sqrt(np.sum(response ** 2))


def through(sound: np.ndarray, response: np.ndarray, ppm: float = 0.0, distortion: float = 0.0
            ) -> np.ndarray:
    """Return what the microphone gets of a sound."""
    if ppm:
        fine = signal.resample_poly(sound, 8, 1)
        places = 8 * (1 + ppm * 1e-6) * np.arange(len(sound))
        sound = np.interp(places, np.arange(len(fine)), fine)
    if distortion:
        square, cube = sound ** 2 - np.mean(sound ** 2), sound ** 3
        bent = square / square.std() + cube / cube.std()
        bent -= sound * np.dot(bent, sound) / np.dot(sound, sound)
        sound = sound + distortion * bent * sound.std() / bent.std()
    late = np.concatenate((np.zeros(round(DELAY_S * RATE)), signal.fftconvolve(sound, response)))
    return late[:len(sound)]


def cancelled(microphone: np.ndarray, reference: np.ndarray):
    """Return (what remains, the canceller); as messages of 40 ms bring it."""
    canceller, fed, given = EchoCanceller(), 0, []
    for first in range(0, len(microphone), BLOCK):
        while fed < min(len(reference), first + BLOCK + LEAD_S * RATE):
            canceller.play('own_sound', fed * SECOND_NS // RATE + SECOND_NS,
                           reference[fed:fed + 320])
            fed += 320
        given.append(canceller.process(first * SECOND_NS // RATE + SECOND_NS,
                                       microphone[first:first + BLOCK]))
    given.append(canceller.flush())
    return np.concatenate(given), canceller


def speex(microphone: np.ndarray, reference: np.ndarray):
    """Return what remains after speexdsp's canceller; ``None`` where there is none."""
    name = ctypes.util.find_library('speexdsp')
    if name is None:
        return None
    library = ctypes.CDLL(name)
    library.speex_echo_state_init.restype = ctypes.c_void_p
    state = ctypes.c_void_p(library.speex_echo_state_init(256, 5120))
    rate = ctypes.c_int(RATE)
    library.speex_echo_ctl(state, 24, ctypes.byref(rate))
    out = np.zeros(len(microphone))
    late = np.concatenate((np.zeros(round(DELAY_S * RATE) - 96), reference))
    for first in range(0, len(microphone) - 255, 256):
        heard, played = (np.round(np.clip(part[first:first + 256], -1, 1) * 32767).astype('<i2')
                         for part in (microphone, late))
        rest = np.zeros(256, '<i2')
        library.speex_echo_cancellation(state, heard.ctypes.data_as(ctypes.c_void_p),
                                        played.ctypes.data_as(ctypes.c_void_p),
                                        rest.ctypes.data_as(ctypes.c_void_p))
        out[first:first + 256] = rest / 32767
    library.speex_echo_state_destroy(state)
    return out


def converged(echo: np.ndarray, rest: np.ndarray):
    """Return (dB in the last quarter, seconds from the first sound to 20 dB)."""
    part = slice(len(echo) * 3 // 4, len(echo) - RATE)
    loss = 10 * np.log10(np.mean(echo[part] ** 2) / np.mean(rest[part] ** 2))
    hop = RATE // 10
    count = len(echo) // hop
    powers = [np.square(each[:count * hop]).reshape(-1, hop).sum(axis=1) for each in (echo, rest)]
    # Half a second at a time, since a shush swells.
    sums = [np.convolve(power, np.ones(5), 'valid') for power in powers]
    good = np.flatnonzero(sums[0] > 100.0 * sums[1] + 1e-12)
    return loss, (good[0] * 0.1 if len(good) else np.inf)


def melody(seed: int, seconds: float) -> np.ndarray:
    """Return plucked notes of a drawn key, tempo, timbre and decay, at the canceller's rate."""
    rng = np.random.default_rng(seed)
    base, beat_s, decay_s = rng.uniform(180, 400), rng.uniform(0.2, 0.6), rng.uniform(0.3, 1.5)
    partials = rng.uniform(0.1, 1.0, 6) / np.arange(1, 7)
    time_s = np.arange(3 * RATE) / RATE
    shape = np.exp(-time_s / decay_s) * np.minimum(1.0, time_s / 0.01)
    sound, at_s = np.zeros(round((seconds + 4) * RATE)), 0.0
    while at_s < seconds:
        hz = base * 2 ** (rng.choice((-5, -3, 0, 2, 4, 5, 7, 9, 11, 12)) / 12)
        note = sum(size * np.sin(2 * np.pi * hz * order * time_s + rng.uniform(0, 6))
                   for order, size in enumerate(partials, 1) if hz * order < 7000)
        first = round(at_s * RATE)
        sound[first:first + len(note)] += note * shape
        at_s += beat_s * rng.choice((0.5, 1.0, 1.0, 2.0))
    return sound[:round(seconds * RATE)]


def sound_of(name: str, seconds: float) -> np.ndarray:
    """Return a made sound, or the drawn melody of a seed (`melody 11`), as loud as the echo."""
    kind, _, seed = name.partition(' ')
    return scaled(melody(int(seed), seconds) if seed
                  else make_sound(kind, RATE, 1).take(round(seconds * RATE)))


def scaled(sound: np.ndarray) -> np.ndarray:
    """Return a sound at the level of the echo."""
    return sound * LEVEL / sound.std()


def cost(seconds: float):
    """Return processor seconds per second of audio: hearing alone, and with a reference."""
    checkpoint = open_checkpoint('')
    sound = scaled(make_sound('white', RATE, 1).take(round(seconds * RATE)))
    response = 10 ** (-np.arange(4000) / 800) * np.random.default_rng(0).standard_normal(4000)
    heard = scaled(through(sound, response))
    figures = []
    for with_reference in (False, True):
        best = np.inf
        for _ in range(3):
            listener = FrameListener(checkpoint)
            extractor = StreamingExtractor(FeatureSet.from_dict(checkpoint.feature_set))
            canceller, frames, begin = EchoCanceller(), 0, time.process_time()
            for first in range(0, len(heard), BLOCK):
                block = heard[first:first + BLOCK]
                if with_reference:
                    stamp_ns = SECOND_NS + first * SECOND_NS // RATE
                    canceller.play('own_sound', stamp_ns, sound[first:first + BLOCK])
                    block = canceller.process(stamp_ns, block)
                rows = extractor.process(block)
                if len(rows.values):
                    for _ in listener.process(SECOND_NS + frames * 10_000_000, rows.values,
                                              150_000_000):
                        pass
                    frames += len(rows.values)
            best = min(best, (time.process_time() - begin) / seconds)
        figures.append(best)
    return figures


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--seconds', type=float, default=20.0)
    parser.add_argument('--sounds', default=','.join(
        (*MADE_SOUNDS, 'melody 11', 'melody 12', 'melody 13')))
    options = parser.parse_args()
    count = round(options.seconds * RATE)
    hiss = np.random.default_rng(3).standard_normal(count) * LEVEL * 10 ** (NOISE_DB / 20)
    cries = [read_audio(clip.file) for clip in load_clips(default_data_dir())
             if clip.is_cry][:40:8]
    cry = scaled(np.resize(np.concatenate(cries), count))
    cases = {'RT60 0.2 s': (0.2, 0.0, 0.0), 'RT60 0.4 s': (0.4, 0.0, 0.0),
             'RT60 0.6 s': (0.6, 0.0, 0.0), '100 ppm': (0.4, 100.0, 0.0),
             '200 ppm': (0.4, -200.0, 0.0), '5 % distortion': (0.4, 0.0, 0.05)}
    print('echo return loss, dB (seconds to 20 dB); | as much crying as echo: loss, level of the '
          'cry | speexdsp, 0.4 s')
    print(f'{"sound":<10}' + ''.join(f'{name:>18}' for name in cases)
          + f'{"with a cry":>12}{"cry, dB":>9}{"speexdsp":>18}{"with a cry":>12}')
    for name in options.sounds.split(','):
        sound = sound_of(name, options.seconds)
        row = ''
        for decay_s, ppm, distortion in cases.values():
            echo = through(sound, image_source_response(decay_s, 0.1), ppm, distortion)
            rest, _ = cancelled(echo + hiss, sound)
            loss, after_s = converged(echo, rest - hiss)
            row += f'{f"{loss:.1f} ({after_s:.1f})":>18}'
        echo = through(sound, image_source_response(0.4, 0.1))
        rest, _ = cancelled(echo + hiss + cry, sound)
        late = slice(2 * RATE, count)
        level = 20 * np.log10(np.dot(rest[late], cry[late]) / np.dot(cry[late], cry[late]))
        row += f'{converged(echo, rest - hiss - cry)[0]:12.1f}{level:9.2f}'
        other = speex(echo + hiss, sound)
        if other is None:
            row += f'{"not installed":>18}'
        else:
            loss, after_s = converged(echo, other - hiss)
            row += f'{f"{loss:.1f} ({after_s:.1f})":>18}'
            other = speex(echo + hiss + cry, sound)
            row += f'{converged(echo, other - hiss - cry)[0]:12.1f}'
        print(f'{name:<10}{row}', flush=True)
    without, with_reference = cost(options.seconds)
    print(f'processor time per second of audio: {without * 1e3:.2f} ms alone, '
          f'{with_reference * 1e3:.2f} ms with a reference')
    return 0


if __name__ == '__main__':
    sys.exit(main())
