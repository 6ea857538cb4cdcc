# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A publisher that does what the released `audio_capture` does, in Python, with the real GStreamer.

GStreamer runs in a process of its own (gstreamer_buffers.py).

Written after what these files of ros-drivers/audio_common (BSD) do, none of whose code is here:
audio_capture/src/audio_capture_node.cpp at commit 09a19ca7588a05d06f1b4310af51be3da7605f8a and
audio_capture/launch/capture.launch.py at 789dbe13d9d0a57e09c48547a2c4648788d737e4.

- `audio` (AudioData) and `audio_stamped` (AudioDataStamped): reliable, volatile, depth 10;
  `audio_info` (AudioInfo): reliable, transient local, depth 1, said after the pipeline has begun
  to play and each 5 s. All under the namespace `audio`, if the launch file starts it.
- A message is one buffer of the source (alsasrc, pulsesrc: 10 ms unless the driver wants
  otherwise), stamped with base time + PTS on the system's clock. `frame_id` is empty.
- Parameters: `format` mp3 (the default) or wave, `sample_format` S16LE, `channels` 1,
  `sample_rate` 16000, `bitrate` 192 (of the launch file: 128). The coding format that it announces
  is `format`. They are read once.
"""

from pathlib import Path
import queue
import struct
import subprocess
import threading
import time

from audio_common_msgs.msg import AudioData, AudioDataStamped, AudioInfo
from baby_cry_detector.ros.base.ros_time import from_nanoseconds
from graph_harness import NS, PATIENCE_S
from rclpy.qos import DurabilityPolicy, QoSProfile

INFO_PERIOD_S = 5.0
HEAD = struct.Struct('<qI')
PYTHON = '/usr/bin/python3'          # the system's, for which GStreamer's Python part is built
COMMAND = [PYTHON, str(Path(__file__).with_name('gstreamer_buffers.py'))]


def missing_gstreamer():
    """Return why GStreamer can't be used here; '' if it can."""
    if not Path(PYTHON).is_file():
        return f'{PYTHON} is not there'
    # Not what leads another Python to its own packages.
    checked = subprocess.run([PYTHON, '-E', COMMAND[1], '--check'], capture_output=True, text=True,
                             timeout=PATIENCE_S)
    return (checked.stdout + checked.stderr).strip()


class ReleasedCapture:
    """The publishers of the module's docstring, in a node of the caller."""

    def __init__(self, node, coding_format='mp3', sample_format='S16LE', channels=1,
                 sample_rate=16_000, bitrate=128):
        """Create the publishers; nothing is said yet."""
        self._audio = node.create_publisher(AudioData, 'audio', 10)
        self._stamped = node.create_publisher(AudioDataStamped, 'audio_stamped', 10)
        self._info = node.create_publisher(
            AudioInfo, 'audio_info',
            QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        self._format = AudioInfo(channels=channels, sample_rate=sample_rate,
                                 sample_format=sample_format, bitrate=bitrate,
                                 coding_format=coding_format)
        self._timer = node.create_timer(INFO_PERIOD_S, self.say_info)
        self._process = self._reader = None
        self._buffers = queue.Queue()
        self.sizes, self.stamps_ns = [], []

    def say_info(self):
        """Publish audio_info."""
        self._info.publish(self._format)

    def publish(self, data, stamp_ns):
        """Publish a buffer on both topics."""
        audio = AudioData(data=data)
        message = AudioDataStamped(audio=audio)
        message.header.stamp = from_nanoseconds(stamp_ns)
        self._audio.publish(audio)
        self._stamped.publish(message)
        self.sizes.append(len(data))
        self.stamps_ns.append(stamp_ns)

    def play(self, source):
        """
        Begin to capture, then say what; call `take` regularly from then on.

        :param source: GStreamer's description of the source, for one 'pulsesrc device=x.monitor'.
        """
        form = self._format
        caps = (f'audio/x-raw,format={form.sample_format},channels={form.channels},'
                f'rate={form.sample_rate}')
        encoder = (f'capsfilter caps="{caps}" ! audioconvert ! lamemp3enc target=1 '
                   f'bitrate={form.bitrate} ! appsink' if form.coding_format == 'mp3'
                   else f'appsink caps="{caps}"')
        self._process = subprocess.Popen(
            [PYTHON, '-E', COMMAND[1], f'{source} ! {encoder} name=sink max-buffers=100'],
            stdout=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.say_info()

    def _read(self):
        while len(head := self._process.stdout.read(HEAD.size)) == HEAD.size:
            stamp_ns, size = HEAD.unpack(head)
            self._buffers.put((self._process.stdout.read(size), stamp_ns))

    def take(self):
        """
        Publish the buffers that have come.

        :raises RuntimeError: if the pipeline has ended; GStreamer has said why.
        """
        if self._process.poll() is not None:
            raise RuntimeError(f'GStreamer has ended with {self._process.returncode}')
        while not self._buffers.empty():
            self.publish(*self._buffers.get())

    def close(self):
        """Stop capturing."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE_S)
            self._reader.join(PATIENCE_S)
            self._process.stdout.close()


def in_real_time(capture, pcm, buffer_ms=10):
    """Yield after each buffer of int16 samples at 16 kHz, published when it is due."""
    size = 16 * buffer_ms
    start_ns = time.time_ns()
    for first in range(0, len(pcm) - size + 1, size):
        due_ns = start_ns + (first + size) * NS // 16_000
        while time.time_ns() < due_ns:
            yield
        capture.publish(pcm[first:first + size].tobytes(), due_ns - size * NS // 16_000)
