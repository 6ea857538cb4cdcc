# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Audio: sample formats, streaming resampler, stream continuity, sources, cry synthesiser."""

from baby_cry_detector.audio.channels import ChannelMixer, parse_choice
from baby_cry_detector.audio.continuity import ClockEvent, Continuity, StreamClock
from baby_cry_detector.audio.devices.microphone import AudioDevice, list_devices, MicrophoneSource
from baby_cry_detector.audio.errors import (AudioError, AudioFormatError, AudioSourceError,
                                            MicrophoneLost, MicrophoneUnavailable)
from baby_cry_detector.audio.formats import (AudioFormat, decode_s16le, encode_s16le, from_pcm16,
                                             QuantisationCounts, to_pcm16)
from baby_cry_detector.audio.resampler import resample, StreamingResampler
from baby_cry_detector.audio.sources import AudioBlock, FileSource, read_audio, SAMPLE_RATE

__all__ = ['AudioBlock', 'AudioDevice', 'AudioError', 'AudioFormat', 'AudioFormatError',
           'AudioSourceError', 'ChannelMixer', 'ClockEvent', 'Continuity', 'decode_s16le',
           'encode_s16le', 'FileSource', 'from_pcm16', 'list_devices', 'MicrophoneLost',
           'MicrophoneSource', 'MicrophoneUnavailable', 'parse_choice', 'QuantisationCounts',
           'read_audio', 'resample', 'SAMPLE_RATE', 'StreamClock', 'StreamingResampler',
           'to_pcm16']
