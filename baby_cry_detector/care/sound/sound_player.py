# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The thread that renders sound and hands it to a loudspeaker or to topics.

Every sample passes the engine's limiter: sinks take `LimitedBlock`s and nothing else. A
loudspeaker that is lost is reported and opened anew; what played is then silent until it is asked
for again.
"""

import threading
import time
import traceback
from typing import Callable, Dict, Mapping, Optional, Protocol, Tuple

from baby_cry_detector.audio.devices.device_thread import DeviceThread, Turn
from baby_cry_detector.audio.errors import SpeakerLost, SpeakerUnavailable
from baby_cry_detector.audio.loudness.limiter import LimitedBlock
from baby_cry_detector.audio.loudness.weighting import leq_dbfs
from baby_cry_detector.care.sound.comfort_sounds import SoundStream
from baby_cry_detector.care.sound.sound_engine import SoundEngine
import numpy as np

BLOCKS = 2                     # of 10 ms, rendered at a time
LEVEL_SCAN_S = 45.0            # of a sound, by which its level is known; a lullaby is as long
QUICK_FADE_S = 0.3
CLOSE_S = 1.0
RETRY_S = (1.0, 2.0, 5.0, 10.0)
# Opening a loudspeaker and learning how loud each sound is may take a small computer long.
HUNG_S = 60.0


class Sink(Protocol):
    """Where blocks go; a loudspeaker may also have ``latency_s`` and ``kill()``."""

    @property
    def description(self) -> str:
        """Return what it is, for people."""

    @property
    def sample_rate(self) -> int:
        """Return its rate in Hz."""

    def play(self, block: LimitedBlock, is_silent: bool) -> None:
        """Take a block; return when the next one is due."""

    def close(self) -> None:
        """Give the device back."""


class TopicSink:
    """Publishes what the limiter made, at the pace of playing; nothing while it is silent."""

    description = 'topics'

    def __init__(self, publish: Callable[[np.ndarray], None], sample_rate: int) -> None:
        """Publish by ``publish(pcm)``."""
        self._publish = publish
        self.sample_rate = sample_rate
        self._due_s: Optional[float] = None

    def play(self, block: LimitedBlock, is_silent: bool) -> None:
        """Publish a block and wait until the next one is due."""
        if not isinstance(block, LimitedBlock):
            raise TypeError('topics take only what went through the limiter')
        now_s = time.monotonic()
        duration_s = block.pcm.size / self.sample_rate
        if self._due_s is None or now_s - self._due_s > 1.0:       # began, or fell behind
            self._due_s = now_s
        if not is_silent:
            self._publish(block.pcm)
        self._due_s += duration_s
        time.sleep(max(0.0, self._due_s - now_s))

    def close(self) -> None:
        """Nothing is held."""


class SoundPlayer:
    """
    A sink, an engine, and the thread that moves samples from one to the other.

    :param open_sink: opens the loudspeaker or the topics; may raise SpeakerUnavailable.
    :param sounds: name of each sound and what makes its stream: ``sample_rate -> SoundStream``.
    :param cap_dbfs: of the limiter.
    :param heard: told of each block, and how long it lasts in seconds.
    :param report: told ``(kind, sentence)`` of trouble.
    """

    def __init__(self, open_sink: Callable[[], Sink],
                 sounds: Mapping[str, Callable[[int], SoundStream]], cap_dbfs: float,
                 heard: Callable[[LimitedBlock, float], None],
                 report: Callable[[str, str], None]) -> None:
        """Nothing is opened yet."""
        self._open_sink, self._sounds = open_sink, sounds
        self._heard, self._report = heard, report
        self._cap_dbfs = cap_dbfs
        self._lock = threading.Lock()
        self._engine: Optional[SoundEngine] = None
        self._levels: Dict[Tuple[str, int], float] = {}
        self._sink: Optional[Sink] = None
        self._thread = DeviceThread('loudspeaker', self._run, self._kill_sink, HUNG_S)
        self.trouble = ''              # why there is no loudspeaker now
        self.description = ''
        self.last_sound_trouble = ''

    # --- for the node ----------------------------------------------------------------------------
    @property
    def is_ready(self) -> bool:
        """Return whether a sound could begin now."""
        return self._engine is not None

    @property
    def playing(self) -> str:
        """Return the name of the sound that plays, '' if none does or it is fading out."""
        engine = self._engine
        return engine.playing if engine else ''

    @property
    def is_silent(self) -> bool:
        """Return whether nothing can be heard."""
        engine = self._engine
        return engine is None or engine.is_silent

    @property
    def limited_blocks(self) -> int:
        """Return how many blocks of 10 ms the limiter made quieter."""
        engine = self._engine
        return engine.limiter.limited_blocks if engine else 0

    def play(self, name: str, level_dbfs: float, fade_in_s: float, duration_s: float,
             fade_out_s: float) -> bool:
        """Begin a sound at a level; return False if that is not possible now."""
        with self._lock:
            engine = self._engine
            if engine is None or name not in self._sounds:
                return False
            own_dbfs = self._levels.get((name, engine.sample_rate))
            if own_dbfs is None:
                return False
            stream = self._sounds[name](engine.sample_rate)
            engine.start(name, stream, 10.0 ** ((level_dbfs - own_dbfs) / 20.0), fade_in_s,
                         duration_s, fade_out_s)
            self.last_sound_trouble = ''
            return True

    @property
    def latency_s(self) -> float:
        """Return how long it takes a block that was handed over to leave the loudspeaker."""
        return getattr(self._sink, 'latency_s', 0.0)

    @property
    def why_not(self) -> str:
        """Return why there is no loudspeaker to begin with now."""
        return self.trouble or 'the loudspeaker is being opened, try again'

    def play_once(self, name: str, level_dbfs: float, fade_s: float, duration_s: float) -> str:
        """Begin a short sound; return why not, '' if it plays."""
        played = self.play(name, level_dbfs, fade_s, duration_s, fade_s)
        return '' if played else self.why_not

    def fade_out(self, fade_s: float) -> None:
        """End what plays."""
        with self._lock:
            if self._engine is not None:
                self._engine.stop(fade_s)

    def set_cap(self, cap_dbfs: float) -> None:
        """Use another cap from now on."""
        with self._lock:
            self._cap_dbfs = cap_dbfs
            if self._engine is not None:
                self._engine.limiter.set_cap(cap_dbfs)

    def open(self) -> None:  # noqa: A003  # the opposite of close
        """Start the thread."""
        self._thread.start()

    def watch(self) -> None:
        """Replace a thread that hangs or died; to be called now and then."""
        wrong = self._thread.watch()
        if wrong:
            self.trouble = wrong.partition(':')[0]
            self._report('speaker_hung', wrong)

    def close(self) -> None:
        """Fade out quickly, then give the loudspeaker back; safe to call at any time."""
        if not self._thread.stop(8.0):
            self._report('speaker_hung', 'the loudspeaker did not end in time and was given up')
        with self._lock:
            self._engine = None

    def _kill_sink(self) -> None:
        if self._lock.acquire(timeout=1.0):        # before another thread makes its own
            self._engine = None
            self._lock.release()
        kill = getattr(self._sink, 'kill', None)
        if kill is not None:
            kill()

    # --- in the thread ---------------------------------------------------------------------------
    def _run(self, turn: Turn) -> None:
        attempt = 0
        while not turn.is_over:
            sink = engine = None
            turn.alive()
            try:
                sink = self._open_sink()
                turn.alive()
                self._measure(sink.sample_rate, turn)
                with self._lock:
                    if not self._thread.is_current(turn):
                        return
                    self._sink = sink
                    engine = self._engine = SoundEngine(sink.sample_rate, self._cap_dbfs)
                self.description, self.trouble, attempt = sink.description, '', 0
                self._move(sink, engine, turn)
                return
            except Exception as error:
                if not self._thread.is_current(turn):
                    return             # another thread has the loudspeaker by now
                if isinstance(error, (SpeakerLost, SpeakerUnavailable, OSError, ValueError)):
                    self.trouble = str(error)
                else:
                    self.trouble = traceback.format_exc()
                delay_s = RETRY_S[min(attempt, len(RETRY_S) - 1)]
                attempt += 1
                self._report('speaker_lost', f'{self.trouble}; trying again in {delay_s:g} s')
            finally:
                with self._lock:
                    if engine is not None and self._engine is engine:
                        self._engine = None
                self._close(sink)
            turn.stop.wait(delay_s)

    def _close(self, sink: Optional[Sink]) -> None:
        if sink is None:
            return
        try:
            sink.close()
        except Exception as error:     # the device is gone already; the thread goes on
            self._report('speaker_close', f'the loudspeaker did not close cleanly ({error!r})')
        if self._sink is sink:
            self._sink = None

    def _measure(self, sample_rate: int, turn: Turn) -> None:
        """Learn how loud each sound is, once per rate."""
        for name, make in self._sounds.items():
            if (name, sample_rate) not in self._levels and not turn.is_over:
                turn.alive()
                stream = make(sample_rate)
                self._levels[name, sample_rate] = max(-80.0, leq_dbfs(
                    stream.take(round(LEVEL_SCAN_S * sample_rate)), sample_rate))

    def _move(self, sink: Sink, engine: SoundEngine, turn: Turn) -> None:
        end_s: Optional[float] = None
        while True:
            turn.alive()
            with self._lock:
                if turn.is_over and end_s is None:
                    end_s = time.monotonic() + CLOSE_S
                    engine.stop(QUICK_FADE_S)
                if turn.is_over and (
                        engine.is_silent or end_s is None or time.monotonic() > end_s):
                    return
                block = engine.render(BLOCKS)
                is_silent = engine.is_silent
                trouble, engine.trouble = engine.trouble, ''
            if trouble:
                self.last_sound_trouble = trouble
                self._report('sound_broken', trouble)
            sink.play(block, is_silent and not block.pcm.any())
            if block.pcm.any() or not is_silent:       # what is silent within a sound is of it
                self._heard(block, block.pcm.size / sink.sample_rate)
