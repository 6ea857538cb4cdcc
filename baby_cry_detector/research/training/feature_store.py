# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Features of clips and of training streams, computed once and kept on disk.

The name of a cache file is a hash of everything its content depends on: the feature set's
definition, the audio bytes, the manifest's folds, the options and the seed. A changed piece
makes another file; nothing stale is ever read.
"""

from contextlib import contextmanager
from dataclasses import asdict, dataclass
import fcntl
import json
import os
from pathlib import Path
import re
from typing import Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from baby_cry_detector.audio.sources import read_audio
from baby_cry_detector.features import extract, get_feature_set
from baby_cry_detector.research.sounds.long_sounds import SamplesOnDisk, stays_on_disk
from baby_cry_detector.research.sounds.teacher import Teacher
from baby_cry_detector.research.training import chains
from baby_cry_detector.research.training.config import document_digest, TrainingConfig
from baby_cry_detector.research.training.manifest import Clip, data_digest, EMOTION, ManifestError
from baby_cry_detector.research.training.segments import Segments
import numpy as np

#: Raise it when the way streams or features are made changes without the options changing.
CACHE_VERSION = 4
#: Other sounds longer than this stay on disk.
LONG_S = 12.0
NUMBER = re.compile(r'[0-9]+(?:\.[0-9]+)?')

Progress = Callable[[str, int, int], None]


def no_progress(what: str, done: int, total: int) -> None:
    """Show nothing."""


@dataclass
class ClipFeatures:
    """
    Features of whole clips, one after the other.

    :param values: float32 (frames of all clips, columns).
    :param offsets: (n_clips + 1,) where each clip begins.
    :param first_sound_s: (n_clips,) when the clip's first loud sound begins.
    """

    values: np.ndarray
    offsets: np.ndarray
    first_sound_s: np.ndarray

    def of(self, index: int) -> np.ndarray:
        """Return the float32 frames of one clip, (n_frames, columns)."""
        return self.values[self.offsets[index]:self.offsets[index + 1]]


@dataclass
class StreamFeatures:
    """
    Features and targets of one fold's training streams; see `chains.Stream`.

    :param values: float32 (n_streams, n_frames, columns).
    :param teacher: float16 (n_streams, n_windows, classes), what a teacher hears in each window
        of it; None without a teacher.
    :param teacher_frame: (n_windows,) the last frame within each window.
    """

    values: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    segment: np.ndarray
    clip: np.ndarray
    teacher: Optional[np.ndarray] = None
    teacher_frame: Optional[np.ndarray] = None


def share(folder: Path, pieces: Mapping[str, Callable[[], object]]) -> None:
    """
    Make pieces of work; other processes that are given the same ones at the same time share them.

    :param folder: holds a lock for each piece; the system opens it when its holder ends, however
        that ends.
    :param pieces: what makes each, and does nothing where it is there.
    """
    for is_waiting in (False, True):
        for name, make in pieces.items():
            with _held(folder / f'{name}.lock', is_waiting) as is_ours:
                if is_ours:
                    make()


@contextmanager
def _held(file: Path, is_waiting: bool) -> Iterator[bool]:
    """Hold a lock; where another process has it wait for it, or give False."""
    with open(file, 'a') as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | (0 if is_waiting else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def silent(text: str) -> None:
    """Say nothing."""


def load_sounds(clips: Sequence[Clip], progress: Progress = no_progress,
                segments: Optional[Segments] = None,
                say: Callable[[str], None] = silent) -> List[chains.Sound]:
    """
    Read all clips; long ones that are no cries stay on disk.

    :param segments: by path, where it cries, see `segments.py`.
    :param say: told what was found out about the files, each kind once.
    :raises ManifestError: with one line per file that cannot be read or holds no audio.
    """
    sounds, problems = [], []
    news: Dict[str, List[str]] = {}
    for index, clip in enumerate(clips):
        try:
            if not clip.is_cry and stays_on_disk(clip.file, LONG_S):
                sounds.append(chains.Sound(index, SamplesOnDisk(clip.file), np.zeros(0, bool),
                                           False, clip.label))
                continue
            told: List[str] = []
            samples = np.asarray(read_audio(clip.file, say=told.append), np.float32)
            for text in told:
                news.setdefault(NUMBER.sub('…', text), []).append(f'{clip.path}: {text}')
            if len(samples) < chains.FRAME_LENGTH:
                raise ValueError('shorter than one frame of 25 ms')
            if not np.isfinite(samples).all():
                raise ValueError('holds NaN or infinite samples')
        except (OSError, ValueError, RuntimeError) as error:
            problems.append(f'{clip.path}: {error}')
            continue
        label = EMOTION if clip.kind == EMOTION else clip.label
        marks = None
        if segments is not None and clip.is_cry:
            marks = segments.frames_of(clip.path, len(samples))
        loud = chains.loud_frames(samples) if clip.is_cry else np.zeros(0, bool)
        sounds.append(chains.Sound(index, samples, loud, clip.is_cry, label, marks))
        progress('reading', index + 1, len(clips))
    if problems:
        raise ManifestError('\n'.join(problems))
    for kind, each in news.items():
        say(each[0] if len(each) == 1 else f'{len(each)} recordings: {kind} (first {each[0]})')
    return sounds


class FeatureStore:
    """Gives the features of a manifest's clips and streams, from the cache where it has them."""

    def __init__(self, clips: Sequence[Clip], feature_set: str, cache_dir: Optional[Path],
                 progress: Progress = no_progress, *, background: Sequence[Clip] = (),
                 segments: Optional[Segments] = None, teacher: Optional[Teacher] = None,
                 say: Callable[[str], None] = silent):
        """
        Hash the audio; nothing is read or extracted before it is asked for.

        :param cache_dir: None keeps everything in memory.
        :param background: other sounds that training streams are made of as well; their
            numbers follow those of ``clips``. They have no clip features.
        :param segments: where the clips' cries are.
        :param teacher: hears the training streams.
        :param say: told what was found out about the files when they are read.
        """
        self._n_clips = len(clips)
        self._segments, self._teacher, self._say = segments, teacher, say
        self.clips = list(clips) + list(background)
        self.feature_set = get_feature_set(feature_set)
        self.columns: Tuple[str, ...] = tuple(self.feature_set.columns)
        self._cache_dir = Path(cache_dir) if cache_dir else None
        self._progress = progress
        self._sounds: Optional[List[chains.Sound]] = None
        self.data_digest = data_digest(self.clips)

    @property
    def is_kept(self) -> bool:
        """Return whether what was made lies on disk, for other processes too."""
        return self._cache_dir is not None

    def sounds(self) -> List[chains.Sound]:
        """Return all clips in memory."""
        if self._sounds is None:
            self._sounds = load_sounds(self.clips, self._progress, self._segments, self._say)
        return self._sounds

    def clip_features(self) -> ClipFeatures:
        """Return the features of all clips (not the background), unchanged audio."""
        clips = self.clips[:self._n_clips]
        key = {'what': 'clips', 'set': self.feature_set.to_dict(), 'data': data_digest(clips),
               'order': [clip.path for clip in clips], 'version': CACHE_VERSION}
        arrays = self._cached('clips', key, self._make_clips)
        return ClipFeatures(arrays['values'], arrays['offsets'], arrays['first_sound_s'])

    def stream_features(self, fold: int, config: TrainingConfig) -> StreamFeatures:
        """Return the training streams of one fold."""
        members = [index for index, clip in enumerate(self.clips)
                   if clip.fold == fold and trained_on(clip, config)]
        inside = [self.clips[index] for index in members]
        key = {'what': 'streams', 'set': self.feature_set.to_dict(),
               'data': data_digest(inside), 'streams': asdict(config.streams),
               'augmentation': asdict(config.augmentation), 'fold': fold,
               'order': [self.clips[index].path for index in members],
               'segments': self._segments.digest if self._segments else '',
               'teacher': self._teacher.digest if self._teacher else '',
               'version': CACHE_VERSION}
        arrays = self._cached(f'streams-{fold}', key,
                              lambda: self._make_streams(members, fold, config))
        # Clip numbers are stored as positions within the fold; -1 is made silence.
        lookup = np.array(members + [-1])
        return StreamFeatures(arrays['values'], arrays['target'], arrays['weight'],
                              arrays['segment'], lookup[arrays['clip']],
                              arrays.get('teacher'), arrays.get('teacher_frame'))

    def _cached(self, name: str, key: dict, make: Callable[[], Dict[str, np.ndarray]]
                ) -> Dict[str, np.ndarray]:
        if self._cache_dir is None:
            return make()
        folder = self._cache_dir / f'{name}-{document_digest(key)}'
        if not (folder / 'key.json').is_file():
            folder.mkdir(parents=True, exist_ok=True)
            for array_name, array in make().items():
                np.save(folder / f'{array_name}.npy', array)
            unfinished = folder / 'key.json.part'  # written last: marks the folder complete
            unfinished.write_text(json.dumps(key, sort_keys=True))
            os.replace(unfinished, folder / 'key.json')
        return {file.stem: np.load(file, mmap_mode='r', allow_pickle=False)
                for file in folder.glob('*.npy')}

    def _make_clips(self) -> Dict[str, np.ndarray]:
        sounds = self.sounds()
        values, first = [], []
        for number, sound in enumerate(sounds[:self._n_clips]):
            samples = sound.samples[:len(sound.samples)]
            values.append(self._extract(samples.astype(float)))
            first.append(chains.first_sound_s(samples))
            self._progress('features of clips', number + 1, self._n_clips)
        offsets = np.cumsum([0] + [len(value) for value in values])
        return {'values': np.concatenate(values), 'offsets': offsets,
                'first_sound_s': np.array(first)}

    def _make_streams(self, members: Sequence[int], fold: int, config: TrainingConfig
                      ) -> Dict[str, np.ndarray]:
        sounds = self.sounds()
        maker = chains.StreamMaker([sounds[index] for index in members], config.streams,
                                   config.augmentation, seed=1000 + fold)
        position = {index: place for place, index in enumerate(members)}
        n_streams = config.streams.per_fold
        parts: Dict[str, list] = {'values': [], 'target': [], 'weight': [], 'segment': [],
                                  'clip': []}
        for number in range(n_streams):
            stream = maker.make(number)
            values = self._extract(stream.samples)
            n_frames = len(stream.target)
            if len(values) < n_frames:
                raise ValueError(f'expected {n_frames} frames from a stream, got {len(values)}')
            parts['values'].append(values[:n_frames])
            parts['target'].append(stream.target)
            parts['weight'].append(stream.weight)
            parts['segment'].append(stream.segment)
            parts['clip'].append([position.get(int(index), -1) for index in stream.clip])
            if self._teacher is not None:
                parts.setdefault('teacher', []).append(self._teacher.scores(stream.samples))
            self._progress(f'streams of fold {fold}', number + 1, n_streams)
        arrays = {name: np.array(rows) for name, rows in parts.items()}
        if self._teacher is not None:
            arrays['teacher_frame'] = self._teacher.last_frames(arrays['values'].shape[1])
        return arrays

    def _extract(self, samples: np.ndarray) -> np.ndarray:
        """Frames as they reach a model: float32, as the topic carries them."""
        return np.asarray(extract(self.feature_set, samples), np.float32)


def trained_on(clip: Clip, config: TrainingConfig) -> bool:
    """Return whether the configuration lets a clip into training."""
    if clip.source in config.data.exclude_sources:
        return False
    return clip.kind != EMOTION or config.data.emotion_as_not_cry
