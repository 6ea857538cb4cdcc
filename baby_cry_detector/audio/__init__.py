# Copyright 2026 The baby_cry_detector authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""Audio: sample formats, streaming resampler, stream continuity, sources, cry synthesiser."""

from baby_cry_detector.audio.continuity import ClockEvent, Continuity, StreamClock
from baby_cry_detector.audio.errors import (AudioError, AudioFormatError, AudioSourceError,
                                            MicrophoneLost, MicrophoneUnavailable)
from baby_cry_detector.audio.formats import (AudioFormat, decode_s16le, encode_s16le, from_pcm16,
                                             QuantisationCounts, to_pcm16)
from baby_cry_detector.audio.microphone import AudioDevice, list_devices, MicrophoneSource
from baby_cry_detector.audio.resampler import resample, StreamingResampler
from baby_cry_detector.audio.sources import AudioBlock, FileSource, read_audio, SAMPLE_RATE

__all__ = ['AudioBlock', 'AudioDevice', 'AudioError', 'AudioFormat', 'AudioFormatError',
           'AudioSourceError', 'ClockEvent', 'Continuity', 'decode_s16le', 'encode_s16le',
           'FileSource', 'from_pcm16', 'list_devices', 'MicrophoneLost', 'MicrophoneSource',
           'MicrophoneUnavailable', 'QuantisationCounts', 'read_audio', 'resample',
           'SAMPLE_RATE', 'StreamClock', 'StreamingResampler', 'to_pcm16']
