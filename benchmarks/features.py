# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Cost of the descriptors: microseconds of processor time per 10 ms frame, one thread.

``python benchmarks/features.py [RECORDING]``: each set streamed one frame at a time, in blocks of
4 and 16 frames, and over a whole signal; beside it librosa (MFCC), kaldi-native-fbank (streaming
MFCC) and openSMILE where they are installed. Without a recording, a synthetic sound that is voiced
two thirds of the time. The least of the repetitions counts, all in one run.
"""

import os

# Before numpy starts its threads: one frame must not cost four processors.
for _name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'):
    os.environ[_name] = '1'

import argparse  # noqa: E402, I100  # after the environment
import sys  # noqa: E402  # after the environment
import time  # noqa: E402  # after the environment

from baby_cry_detector.features import extract, feature_set_ids, StreamingExtractor  # noqa: E402, E501  # after the environment
from baby_cry_detector.research.descriptors import compiled  # noqa: E402  # after the environment
import numpy as np  # noqa: E402  # after the environment

RATE, HOP = 16000, 160


def synthetic(seconds: float = 14.0) -> np.ndarray:
    """Return bursts of a gliding harmonic tone with pauses, in faint noise."""
    rng = np.random.default_rng(5)
    t = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(420 + 90 * np.sin(2 * np.pi * 0.7 * t)) / RATE
    tone = sum(np.sin(k * phase + k) / k for k in range(1, 9))
    return 0.1 * tone * (t % 1.2 < 0.8) + 0.003 * rng.standard_normal(t.size)


def least(measure, repetitions: int) -> float:
    """Return the least of several measurements."""
    return min(measure() for _ in range(repetitions))


def streaming(name: str, samples: np.ndarray, frames: int) -> float:
    """Return microseconds per frame in blocks of ``frames``, after one second of warming up."""
    extractor = StreamingExtractor(name)
    extractor.process(samples[:RATE])
    step = frames * HOP
    blocks = [samples[i:i + step] for i in range(RATE, samples.size - step + 1, step)]
    start = time.process_time()
    for block in blocks:
        extractor.process(block)
    return (time.process_time() - start) / (len(blocks) * frames) * 1e6


def batch(function, samples: np.ndarray) -> float:
    """Return microseconds per hop of a whole-signal call."""
    start = time.process_time()
    function(samples)
    return (time.process_time() - start) / (samples.size / HOP) * 1e6


def line(name: str, *values) -> None:
    """Print a row of the table."""
    print(f'{name:<34}' + ''.join(f'{value:>9.1f}' if value is not None else f'{"-":>9}'
                                  for value in values), flush=True)


def peers(samples: np.ndarray, repetitions: int) -> None:
    """Print what other packages need, as far as they are installed."""
    try:
        import librosa

        def mfcc(x):
            return librosa.feature.mfcc(y=x, sr=RATE, n_mfcc=13, n_fft=512, win_length=400,
                                        hop_length=HOP, n_mels=26)
        mfcc(samples)
        line(f'librosa {librosa.__version__}: 13 MFCC', None, None, None,
             least(lambda: batch(mfcc, samples), repetitions))
    except ImportError:
        print('librosa: not installed')
    try:
        import kaldi_native_fbank as knf

        def kaldi(frames: int) -> float:
            options = knf.MfccOptions()
            options.frame_opts.dither = 0
            options.frame_opts.samp_freq = RATE
            extractor = knf.OnlineMfcc(options)
            step = frames * HOP
            blocks = [samples[i:i + step].astype(np.float32)
                      for i in range(0, samples.size - step + 1, step)]
            done, start = 0, time.process_time()
            for block in blocks:
                extractor.accept_waveform(RATE, block)
                while done < extractor.num_frames_ready:
                    extractor.get_frame(done)
                    done += 1
            return (time.process_time() - start) / (len(blocks) * frames) * 1e6
        line('kaldi-native-fbank: 13 MFCC', *(
            least(lambda n=n: kaldi(n), repetitions) for n in (1, 4, 16, samples.size // HOP)))
    except ImportError:
        print('kaldi-native-fbank: not installed')
    try:
        import opensmile
        for name in ('IS09', 'IS10', 'ComParE_2016'):
            smile = opensmile.Smile(feature_set=getattr(opensmile.FeatureSet, name),
                                    feature_level='lld')
            line(f'openSMILE {opensmile.__version__}: {name} (no deltas)', None, None, None,
                 least(lambda: batch(lambda x: smile.process_signal(x, RATE), samples),
                       repetitions))
    except ImportError:
        print('openSMILE: not installed')


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('recording', nargs='?', help='default: a synthetic sound')
    parser.add_argument('--repetitions', type=int, default=3)
    args = parser.parse_args()
    if args.recording:
        from baby_cry_detector.audio import read_audio
        samples = read_audio(args.recording)
    else:
        samples = synthetic()
    if samples.size < 3 * RATE:
        print('error: the recording must be at least 3 s long', file=sys.stderr)
        return 1
    print(f'{samples.size / RATE:.1f} s of sound, numpy {np.__version__}, '
          'microseconds of processor time per 10 ms frame')
    print(f'voice quality: {compiled.description()}')
    print(f'{"":<34}{"1 frame":>9}{"4":>9}{"16":>9}{"whole":>9}')
    for name in feature_set_ids():
        extract(name, samples[:RATE])
        line(f'{name} with deltas',
             *(least(lambda n=n: streaming(name, samples, n), args.repetitions)
               for n in (1, 4, 16)),
             least(lambda: batch(lambda x: extract(name, x), samples), args.repetitions))
    peers(samples, args.repetitions)
    return 0


if __name__ == '__main__':
    sys.exit(main())
