# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
One recording from its first sample to its last: its episodes, in memory that does not grow.

The recording goes through the same state machines as `baby-cry listen` and the graph, in blocks
of `BLOCK_S`; their state is carried from block to block, so where blocks begin changes nothing.
"""

from dataclasses import asdict, dataclass, field
from functools import lru_cache
import hashlib
import os
from pathlib import Path
import time
from typing import Any, Dict, Iterator, List, Optional, Tuple

from baby_cry_detector import __version__
from baby_cry_detector.audio import AudioSourceError
from baby_cry_detector.audio.ffmpeg import FfmpegSource, open_recording
from baby_cry_detector.checkpoints import CONFIRMER, SHIPPED
from baby_cry_detector.decision import CryDecision, DecisionSettings
from baby_cry_detector.model.compiled import make as compiled_model
from baby_cry_detector.model.second.confirmation import Confirmation, NO_CONFIRMER
from baby_cry_detector.model.second.confirmer import load_confirmer
from baby_cry_detector.needs import CONFIRMATION_NAMES, STATUS_UNTRUSTED_AUDIO
from baby_cry_detector.research.annotation.recordings import Recording
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
from baby_cry_detector.stream.replay import block_messages, MessageReplay
from baby_cry_detector.units import SECOND_NS
import numpy as np

#: Between two that are further apart than `NO_AUDIO_S` nothing would count as heard.
BLOCK_S = 1.0
#: Between decisions that are looked at though nothing changed, and between rows of frames.
PERIOD_NS = 100_000_000
#: Of a recording that could not be trusted for so much of it nobody can say that it is quiet.
UNTRUSTED_SHARE = 0.5
#: What a recording may turn out to be.
HEARD, PARTLY, FAILED = 'heard', 'partly', 'failed'
Document = Dict[str, Any]


@dataclass(frozen=True)
class Options:
    """
    How recordings are heard; the same for all of a run.

    :param checkpoint: as of `open_checkpoint`.
    :param confirmer: as of `open_confirmation`.
    :param channel: as of `FileSource`.
    :param decision: values of `DecisionSettings`.
    :param frames: whether probability and intensity each 0.1 s are kept.
    """

    checkpoint: str = ''
    confirmer: str = ''
    channel: str = 'auto'
    decision: Dict[str, Any] = field(default_factory=dict)
    frames: bool = False

    def identity(self) -> Document:
        """
        Return what results depend on: the options, with what is in the files that they name.

        :raises CheckpointError: and `ConfirmerError`, if those can't be used.
        :raises ParameterError: if the decision's values do not fit together, or this checkpoint.
        """
        checkpoint, model, _ = detector(self.checkpoint, self.confirmer)
        FrameListener(checkpoint, DecisionSettings.of(self.decision), model=model)
        files = [SHIPPED.get(self.checkpoint, self.checkpoint)]
        if self.confirmer != NO_CONFIRMER:
            files.append(self.confirmer or CONFIRMER)
        digests = [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in files]
        return {**asdict(self), 'digests': digests, 'version': __version__}


@lru_cache(maxsize=2)
def detector(checkpoint: str, confirmer: str):
    """Return (checkpoint, its weights for the core, second listener), read once a process."""
    opened = open_checkpoint(checkpoint)
    second = None if confirmer == NO_CONFIRMER else load_confirmer(confirmer or CONFIRMER)
    return opened, compiled_model(opened), second


def hear(recording: Recording, options: Options) -> Tuple[Document, Optional[np.ndarray]]:
    """
    Return what was found in a recording, and its rows of frames where they are wanted.

    The document says ``status`` (heard, partly, failed), ``kind`` and ``reason`` where it is
    not heard, ``remarks``, ``duration_s``, ``episodes``, ``untrusted`` (onset, end, reason).

    :return: document, and ``(n, 3)`` float32: end of the step in s, cry probability, intensity.
    """
    begin, used = time.monotonic(), time.process_time()
    document: Document = {'name': recording.name, 'size': recording.size,
                          'mtime_ns': recording.mtime_ns, 'status': FAILED, 'kind': '',
                          'reason': '', 'remarks': [], 'duration_s': 0.0, 'episodes': [],
                          'untrusted': []}
    rows = None
    try:
        changed = _change(recording)
        if changed:
            document.update(kind='changed', reason=changed)
        else:
            rows = _detect(recording, options, document)
            changed = _change(recording)
            if changed:
                document.update(status=FAILED, kind='changed', reason=changed, episodes=[])
    except AudioSourceError as error:
        document.update(kind=_kind(recording, str(error)), reason=_without(recording, str(error)))
    except MemoryError:
        document.update(kind='memory', reason='there is not enough memory for it')
    document['wall_s'] = round(time.monotonic() - begin, 3)
    document['cpu_s'] = round(time.process_time() - used, 3)
    return document, rows if options.frames and document['status'] != FAILED else None


def _detect(recording: Recording, options: Options, document: Document) -> Optional[np.ndarray]:
    checkpoint, model, second = detector(options.checkpoint, options.confirmer)
    settings = DecisionSettings.of(options.decision)
    listener = FrameListener(checkpoint, settings, model=model)
    rate = listener.feature_set.sample_rate
    source = open_recording(recording.path, rate, BLOCK_S, channel=options.channel)
    document['reader'] = 'ffmpeg' if isinstance(source, FfmpegSource) else 'libsndfile'
    document['sample_rate'] = source.file_format.sample_rate
    document['channels'] = source.file_format.channels
    samples = 0

    def counted() -> Iterator:
        nonlocal samples
        for block in source:
            samples += len(block.pcm)
            yield block

    replay = MessageReplay(listener.feature_set)
    book = EpisodeRows(options.frames)
    for decision in replay.decisions(block_messages(counted(), rate), listener,
                                     Confirmation(second) if second else None, PERIOD_NS):
        book.add(decision)
    news = source.take_news()
    document['duration_s'] = samples / rate
    document['episodes'] = book.finish(listener.decider.episode, document['duration_s'])
    document['untrusted'] = book.untrusted(document['duration_s'])
    document['remarks'] = [*news, *replay.extraction.remarks.values()]
    if not book.heard:
        why = '; '.join(replay.extraction.remarks.values()) or 'shorter than one decision takes'
        raise AudioSourceError(f'nothing in it could be heard: {why}')
    damage = [sentence for sentence in news if _is_damage(sentence)]
    untrusted_s = sum(end - start for start, end, _ in document['untrusted'])
    document['status'] = HEARD
    if damage:
        document.update(status=PARTLY, kind='damaged', reason='; '.join(damage))
    elif document['untrusted'] and untrusted_s >= UNTRUSTED_SHARE * document['duration_s']:
        document.update(status=PARTLY, kind='untrusted', reason=document['untrusted'][0][2])
    return book.frames()


def _change(recording: Recording) -> str:
    """Return how the file is no longer what it was when it was found; '' if it is."""
    try:
        status = os.stat(recording.path)
    except FileNotFoundError:
        return 'it is gone'
    except OSError as error:
        return f'it cannot be looked at any more ({error.strerror})'
    if (status.st_size, status.st_mtime_ns) != (recording.size, recording.mtime_ns):
        return 'it was changed meanwhile'
    return ''


def _is_damage(sentence: str) -> bool:
    return sentence.startswith(('damaged', 'its header tells', 'the recording was cut'))


def _kind(recording: Recording, reason: str) -> str:
    if not recording.size:
        return 'empty'
    for kind, words in (('silent', 'nothing in it could be heard'), ('empty', 'holds no samples'),
                        ('channel', 'expected a channel'), ('missing', 'no such file'),
                        ('unreadable', 'cannot be read'), ('undecodable', 'decode')):
        if words in reason:
            return kind
    return 'unreadable'


def _without(recording: Recording, reason: str) -> str:
    return _after_path(recording.path, reason)


def _after_path(path: str, sentence: str) -> str:
    return sentence.removeprefix(f'{path}: ')


class EpisodeRows:
    """
    Decisions of one recording → its episodes, in order.

    :param with_frames: whether a row each `PERIOD_NS` is kept.
    :ivar heard: how many decisions were about audio that counts.
    """

    def __init__(self, with_frames: bool = False) -> None:
        self.heard = 0
        self._episodes: List[Document] = []
        self._sums: Tuple[int, float, float] = (0, 0.0, 0.0)
        self._untrusted: List[list] = []
        self._rows: Optional[list] = [] if with_frames else None
        self._due_ns = 0

    def add(self, decision: CryDecision) -> None:
        """Take the next decision; those that nothing changed at come once a period."""
        self.heard += decision.is_heard
        self._note_trust(decision)
        if decision.episode and (decision.crying or self._is_open(decision.episode)):
            self._note_episode(decision)
        if self._rows is not None and decision.stamp_ns >= self._due_ns:
            self._due_ns = decision.stamp_ns - decision.stamp_ns % PERIOD_NS + PERIOD_NS
            self._rows.append((decision.stamp_ns / SECOND_NS, decision.cry_probability,
                               decision.intensity))

    def _is_open(self, number: int) -> bool:
        return bool(self._episodes) and self._episodes[-1]['number'] == number

    def _note_episode(self, decision: CryDecision) -> None:
        if not self._is_open(decision.episode):
            self._episodes.append({'number': decision.episode,
                                   'onset_s': decision.onset_ns / SECOND_NS,
                                   'peak_probability': 0.0, 'peak_intensity': 0.0,
                                   'peak_dbfs': None, 'need': '', 'need_confidence': 0.0})
            self._sums = (0, 0.0, 0.0)
        episode = self._episodes[-1]
        episode['end_s'] = (decision.onset_ns + decision.duration_ns) / SECOND_NS
        if not decision.crying:
            return
        episode['confirmation'] = CONFIRMATION_NAMES[decision.confirmation]
        episode['confirmed'] = bool(decision.confirmed)
        count, probability, intensity = self._sums
        self._sums = (count + 1, probability + decision.cry_probability,
                      intensity + decision.intensity)
        episode['mean_probability'] = self._sums[1] / self._sums[0]
        episode['mean_intensity'] = self._sums[2] / self._sums[0]
        for name, value in (('probability', decision.cry_probability),
                            ('intensity', decision.intensity)):
            episode[f'peak_{name}'] = max(episode[f'peak_{name}'], value)
        if decision.level_dbfs is not None:
            episode['peak_dbfs'] = max(decision.level_dbfs, episode['peak_dbfs'] or -120.0)
        if decision.is_need_named:
            episode.update(need=decision.need_name.upper(), need_confidence=decision.confidence)

    def _note_trust(self, decision: CryDecision) -> None:
        now_s, reason = decision.stamp_ns / SECOND_NS, decision.status_reason
        last = self._untrusted[-1] if self._untrusted else None
        if last is not None and last[1] is None and reason != last[2]:
            last[1] = now_s
        if decision.status == STATUS_UNTRUSTED_AUDIO and (
                last is None or last[1] is not None):
            self._untrusted.append([now_s, None, reason])

    def finish(self, last, duration_s: float) -> List[Document]:
        """
        Return the episodes; times lie within the recording.

        :param last: the decider's `Episode` after the last frame; ``None`` if there was none.
        """
        if last is not None and self._is_open(last.number):
            self._episodes[-1]['end_s'] = (last.onset_ns + last.duration_ns) / SECOND_NS
        for episode in self._episodes:
            for name in ('onset_s', 'end_s'):
                episode[name] = round(min(max(episode[name], 0.0), duration_s), 6)
            for name, value in episode.items():
                if isinstance(value, float) and name not in ('onset_s', 'end_s'):
                    episode[name] = round(value, 4)
        return self._episodes

    def untrusted(self, duration_s: float) -> List[list]:
        """Return (onset, end, reason) of what can't be trusted, in s."""
        return [[round(start, 3), round(duration_s if end is None else end, 3), reason]
                for start, end, reason in self._untrusted]

    def frames(self) -> Optional[np.ndarray]:
        """Return ``(n, 3)`` float32, or None where they are not kept."""
        if self._rows is None:
            return None
        return np.array(self._rows, np.float32).reshape(-1, 3)
