# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What can go wrong with audio: each error is a sentence that names what was expected."""


class AudioError(ValueError):
    """Anything wrong with audio data, a file or a device."""


class AudioFormatError(AudioError):
    """The format or the size of audio data is not what was expected."""


class AudioSourceError(AudioError):
    """A file or a device cannot give audio."""


class MicrophoneUnavailable(AudioSourceError):
    """There is no such microphone, it cannot be opened, or PyAudio is missing."""


class MicrophoneLost(AudioSourceError):
    """A microphone that was open died or went away."""


class SpeakerUnavailable(AudioError):
    """There is no such loudspeaker, it cannot be opened, or PyAudio is missing."""


class SpeakerLost(AudioError):
    """A loudspeaker that was open died or went away."""
