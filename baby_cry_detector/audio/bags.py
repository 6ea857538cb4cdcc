# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Audio out of ROS 2 bags (sqlite3 and mcap), without ROS.

The messages of one audio topic come as they were recorded: bytes, stamps and times of arrival,
so that what follows can judge continuity and rates as the live graph does.
"""

from pathlib import Path
from typing import Any, Iterator, List, Optional, Tuple, Union

from baby_cry_detector.audio.errors import AudioSourceError
from baby_cry_detector.audio.formats import AudioFormat
from baby_cry_detector.audio.messages import AudioMessage, format_message, FormatMessage
from baby_cry_detector.audio.sources import PathLike
from baby_cry_detector.units import SECOND_NS

AUDIO_TYPE = 'audio_common_msgs/msg/AudioDataStamped'
INFO_TYPE = 'audio_common_msgs/msg/AudioInfo'
STORAGE_SUFFIXES = ('.mcap', '.db3')
COMPRESSED_SUFFIX = '.zstd'            # of a storage file; the reader needs metadata.yaml for it
# As audio_common_msgs defines them; bags written before Iron carry no definitions.
_DEFINITIONS = {
    INFO_TYPE: 'uint8 channels\nuint32 sample_rate\nstring sample_format\nuint32 bitrate\n'
               'string coding_format\n',
    AUDIO_TYPE: 'std_msgs/Header header\naudio_common_msgs/AudioData audio\n',
    'audio_common_msgs/msg/AudioData': 'uint8[] data\n'}


def is_bag(path: PathLike) -> bool:
    """Return whether a path is a bag: its folder, or one storage file of it."""
    path = Path(path)
    if path.is_dir():
        return ((path / 'metadata.yaml').exists() or bool(_storage_files(path))
                or bool(_compressed_files(path)))
    return (path.suffix in STORAGE_SUFFIXES or path.name == 'metadata.yaml'
            or _is_compressed(path))


def _is_compressed(path: Path) -> bool:
    return path.suffix == COMPRESSED_SUFFIX and Path(path.stem).suffix in STORAGE_SUFFIXES


def _compressed_files(folder: Path) -> List[Path]:
    return [path for path in folder.glob(f'*{COMPRESSED_SUFFIX}') if _is_compressed(path)]


class BagAudio:
    """
    The audio messages of one crib in a bag; iterate to get them, any number of times.

    :param path: the bag's folder or one of its files; where a recorder was killed before it wrote
        ``metadata.yaml``, the folder's storage files are read without it.
    :param topic: audio topic; '' takes the only one.
    :param audio_format: of the audio where no message of the bag says it, as in the later parts
        of a bag that was split: ``audio_info`` is said once.
    :ivar topic: the audio topic.
    :ivar info_topic: the topic of its format.
    :raises AudioSourceError: one sentence on what is missing, also during iteration where the bag
        turns out to be damaged further on.
    """

    def __init__(self, path: PathLike, topic: str = '',
                 audio_format: Optional[AudioFormat] = None) -> None:
        self.path = Path(path)
        if self.path.name == 'metadata.yaml':
            self.path = self.path.parent
        self._told = audio_format
        self._files = self._find()
        topics = self._topics()
        self.topic, self.info_topic = self._choose(topics, topic)
        self._store = audio_typestore()

    def __iter__(self) -> Iterator[Union[AudioMessage, FormatMessage]]:
        """Yield formats and audio in the order of their arrival."""
        if self._told is not None:
            yield FormatMessage(0, self._told)
        for file in self._files:
            with _Guard(self.path), _open(file) as reader:
                wanted = [connection for connection in reader.connections
                          if (connection.topic, connection.msgtype) in (
                              (self.topic, AUDIO_TYPE), (self.info_topic, INFO_TYPE))]
                for connection, arrival_ns, data in reader.messages(wanted):
                    message = self._store.deserialize_cdr(data, connection.msgtype)
                    if connection.msgtype == AUDIO_TYPE:
                        stamp = message.header.stamp
                        yield AudioMessage(
                            arrival_ns, stamp.sec * SECOND_NS + stamp.nanosec,
                            message.header.frame_id, message.audio.data.tobytes())
                    else:
                        yield format_message(arrival_ns, message)

    def _find(self) -> List[Path]:
        """Return what is to be opened, in the order of recording."""
        if not self.path.exists():
            raise AudioSourceError(f'{self.path}: no such bag')
        if (self.path / 'metadata.yaml').exists():
            return [self.path]
        packed = [self.path] if _is_compressed(self.path) else (
            _compressed_files(self.path) if not _storage_files(self.path) else [])
        if packed:
            raise AudioSourceError(f"{self.path}: a bag's compressed file: give the folder with "
                                   "the bag's metadata.yaml, or unpack it first: zstd -d "
                                   f'{packed[0].name}')
        if self.path.is_file():
            return [self.path]
        files = _storage_files(self.path)
        if not files:
            raise AudioSourceError(f'{self.path}: expected a bag, this folder holds neither '
                                   f'metadata.yaml nor {" nor ".join(STORAGE_SUFFIXES)} files')
        return files

    def _topics(self) -> List[Tuple[str, str]]:
        found = set()
        for file in self._files:
            with _Guard(self.path), _open(file) as reader:
                found |= {(connection.topic, connection.msgtype)
                          for connection in reader.connections}
        return sorted(found)

    def _choose(self, topics: List[Tuple[str, str]], topic: str) -> Tuple[str, str]:
        audio = [name for name, kind in topics if kind == AUDIO_TYPE]
        if not audio:
            held = ', '.join(f'{name} ({kind})' for name, kind in topics) or 'nothing'
            raise AudioSourceError(f'{self.path}: no audio to listen to: expected a topic of '
                                   f'{AUDIO_TYPE}, the bag holds {held}')
        if topic and topic not in audio:
            raise AudioSourceError(f'{self.path}: no audio topic {topic}, the bag holds '
                                   f'{", ".join(audio)}')
        if not topic and len(audio) > 1:
            raise AudioSourceError(f'{self.path}: holds the audio of {len(audio)} cribs, choose '
                                   f'one with --topic: {", ".join(audio)}')
        topic = topic or audio[0]
        infos = [name for name, kind in topics if kind == INFO_TYPE]
        beside = f'{topic.rpartition("/")[0]}/audio_info'
        if beside in infos:
            return topic, beside
        if len(audio) == 1 and len(infos) == 1:
            return topic, infos[0]
        if self._told is not None:
            return topic, beside
        raise AudioSourceError(f"{self.path}: {topic} can't be decoded without its format: "
                               f'expected {beside} ({INFO_TYPE}) beside it; '
                               '--rate, --channels and --format say it')


class _Guard:
    """Turns what a damaged bag makes its reader raise into one sentence."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> '_Guard':
        return self

    def __exit__(self, kind: Any, error: Optional[BaseException], traceback: Any) -> None:
        # A reader of damaged bytes may raise anything: struct, zlib, database, Unicode errors.
        if error is None or isinstance(error, AudioSourceError) or not isinstance(
                error, Exception):
            return
        if isinstance(error, PermissionError):
            raise AudioSourceError(f'{self._path}: cannot be read ({error.strerror})') from None
        is_mcap = self._path.suffix == '.mcap' or any(self._path.glob('*.mcap'))
        hint = '; "mcap recover" may save what a killed recorder wrote' if is_mcap else ''
        why = str(error) or type(error).__name__
        raise AudioSourceError(f'{self._path}: the bag is damaged or incomplete ({why}){hint}'
                               ) from error


def _storage_files(folder: Path) -> List[Path]:
    """Return a bag's files by the number that the recorder gave them."""
    files = [file for suffix in STORAGE_SUFFIXES for file in folder.glob(f'*{suffix}')]

    def number(file: Path) -> Tuple[int, str]:
        digits = file.stem.rpartition('_')[2]
        return (int(digits) if digits.isdigit() else 0, file.name)

    return sorted(files, key=number)


def _open(path: Path) -> Any:
    try:
        from rosbags.rosbag2 import Reader
    except ImportError as error:
        raise AudioSourceError('reading bags needs rosbags: pip install rosbags '
                               f'({error})') from None
    return Reader(path)


def audio_typestore() -> Any:
    """Return the library's store of message types with those of audio."""
    from rosbags.typesys import get_types_from_msg, get_typestore, Stores
    store = get_typestore(Stores.ROS2_HUMBLE)
    for name, text in _DEFINITIONS.items():
        store.register(get_types_from_msg(text, name))
    return store
