# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
GStreamer in a process of its own: what a pipeline's appsink gets, buffer by buffer, to stdout.

    /usr/bin/python3 gstreamer_buffers.py 'audiotestsrc ! appsink name=sink'
    /usr/bin/python3 gstreamer_buffers.py --check

Each buffer is its capture time (int64, ns since 1970: base time + PTS on the system's clock), its
size (uint32) and its bytes, little endian. ``--check`` prints why it can't run, or nothing.

GStreamer's Python part is built for the system's Python and for no other: a process with another
Python that loads it is aborted sooner or later. So this runs in the system's and needs nothing
else.
"""

import os
import struct
import sys

SECOND_NS = 1_000_000_000
ELEMENTS = ('pulsesrc', 'appsink', 'lamemp3enc', 'audioconvert', 'audiotestsrc')


def load():
    """Return GStreamer's module and why it can't be used, one of them None or ''."""
    try:
        import gi
        gi.require_version('Gst', '1.0')
        gi.require_version('GstApp', '1.0')
        from gi.repository import Gst, GstApp
    except (ImportError, ValueError) as error:
        return None, (f'GStreamer is not installed for {sys.executable} ({error}; '
                      'apt: python3-gi, gir1.2-gst-plugins-base-1.0)')
    Gst.init(None)
    for element in ELEMENTS:
        if Gst.ElementFactory.find(element) is None:
            return None, (f'GStreamer has no {element} (apt: gstreamer1.0-plugins-good, '
                          'gstreamer1.0-pulseaudio)')
    return (Gst, '') if GstApp is not None else (None, 'GStreamer has no GstApp')


def main(description):
    """Write buffers until the pipeline ends or nobody reads them."""
    gst, why_not = load()
    if gst is None:
        sys.exit(why_not)
    pipeline = gst.parse_launch(description)
    clock = gst.SystemClock.obtain()
    clock.set_property('clock-type', 0)       # GST_CLOCK_TYPE_REALTIME
    pipeline.use_clock(clock)
    sink = pipeline.get_by_name('sink')
    pipeline.set_state(gst.State.PLAYING)
    parent = os.getppid()
    try:
        while os.getppid() == parent:
            sample = sink.try_pull_sample(SECOND_NS)
            if sample is None:
                if sink.is_eos():
                    return
                continue
            buffer = sample.get_buffer()
            size = buffer.get_size()
            stamp_ns = pipeline.get_base_time() + buffer.pts
            sys.stdout.buffer.write(struct.pack('<qI', stamp_ns, size)
                                    + buffer.extract_dup(0, size))
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)      # nothing is left to be flushed
    finally:
        pipeline.set_state(gst.State.NULL)


if __name__ == '__main__':
    if sys.argv[1] == '--check':
        print(load()[1])
    else:
        main(sys.argv[1])
