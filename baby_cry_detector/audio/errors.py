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
