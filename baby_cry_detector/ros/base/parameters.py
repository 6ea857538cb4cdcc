# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The nodes' parameters, each declared once: type, default, range, description, live or not.

`managed_node.py` declares and validates from these tables, and `tools/parameter_docs.py` writes
the tables of the documentation and `config/baby_cry_detector.yaml` from them.
"""

from baby_cry_detector.care.alerts.settings import CHANNEL_PARAMETERS
from baby_cry_detector.decision.settings import DECISION_PARAMETERS
from baby_cry_detector.fields import Parameter

COMMON = (
    Parameter('autostart', True,
              'Configure and activate at start. False: a lifecycle manager does it.'),
    Parameter('keep_trying', False,
              'Where the node cannot be configured: stay, say why in diagnostics, and try again '
              'less and less often. False: exit. The launch files say true.', read_only=True),
)

AUDIO_CAPTURE = (
    Parameter('source', 'mic', 'Where audio comes from.', choices=('mic', 'file'), read_only=True),
    Parameter('file', '', 'Path of a WAV, FLAC or OGG recording; for source "file".',
              read_only=True, path=True),
    Parameter('loop', False, 'Start the recording again at its end.'),
    Parameter('rate', 1.0, 'Playing speed of a recording; 1 is real time, 0 as fast as possible.',
              minimum=0.0, maximum=1000.0),
    Parameter('device', '', 'Microphone: part of its name, or its index; empty: the default one.',
              read_only=True),
    Parameter('channel', 'auto', 'Channel to publish, counted from 0; mix: the mean of all; auto: '
                                 'the mean, unless it would hide something.'),
    Parameter('gain_db', 0.0, 'Amplification of the microphone; what does not fit is clipped.',
              minimum=-20.0, maximum=40.0, live=True),
    Parameter('sample_rate', 16000, 'Published sampling rate in Hz.',
              minimum=8000, maximum=48000),
    Parameter('block_duration_s', 0.04, 'Audio per message.', minimum=0.01, maximum=1.0),
    Parameter('frame_id', 'crib', 'Frame of the microphone; it names the crib.', read_only=True),
)

FEATURE_EXTRACTOR = (
    Parameter('feature_set', '', 'Descriptors to compute, for example "is09"; '
                                 'empty: those that the model asks for.'),
    Parameter('model', '', 'Checkpoint whose descriptors are computed where feature_set is empty; '
                           'as for cry_classifier.', read_only=True, path=True),
    Parameter('channel', 'auto', 'Channel of the audio to listen to, counted from 0; mix: the '
                                 'mean of all; auto: the mean, unless it would hide something.'),
    Parameter('stamp_tolerance_s', 0.04, 'Jitter of the stamps that still counts as continuous.',
              minimum=0.001, maximum=1.0),
    Parameter('no_audio_timeout_s', 1.0, 'Silence of the audio topic after which the stream has '
                                         'ended.', minimum=0.2, maximum=60.0),
    Parameter('keep_microphone', True, 'Keep in a file (XDG_STATE_HOME) how quiet the microphone '
                                       'ever was, so that one that is muted is known after a '
                                       'restart; levels only, never sound.', read_only=True),
)

CRY_CLASSIFIER = (
    Parameter('model', '', 'Checkpoint (.npz) of the network; empty: the shipped one, is09: '
                           'the shipped one on the paper\'s descriptors.', read_only=True,
              path=True),
    Parameter('no_audio_timeout_s', 2.0, 'Silence of the feature topic after which the status is '
                                         'NO_AUDIO.', minimum=0.2, maximum=60.0),
    Parameter('keep_episode', True, 'Keep the episode in progress in a file (XDG_STATE_HOME), so '
                                    'that it goes on after a crash.', read_only=True),
    *DECISION_PARAMETERS,
)

CAREGIVER_ALERT = (
    Parameter('policy', '', 'YAML file that says when to alert; empty: the shipped policy.',
              read_only=True, path=True),
    Parameter('crib_id', '', 'Name of the crib for channels, until cry_need names it; empty: the '
                             'namespace.', read_only=True),
    Parameter('need_timeout_s', 10.0, 'Silence of cry_need that is an alert of its own.',
              minimum=1.0, maximum=600.0, read_only=True),
    Parameter('keep_alert', True, 'Keep the open alert, and what waits for a channel, in files '
                                  '(XDG_STATE_HOME), so that a crash loses nothing.',
              read_only=True),
    *CHANNEL_PARAMETERS,
)

DIARY = (
    Parameter('file', '', 'Database; empty: XDG_STATE_HOME/baby_cry_detector/diary.sqlite, one '
                          'for all cribs.', read_only=True, path=True),
    Parameter('keep_days', 730.0, 'What is older is forgotten, a day of it at a time.',
              minimum=1.0, maximum=36500.0, read_only=True),
    Parameter('largest_mb', 200.0, 'Size of the database above which what is least worth is '
              'forgotten.', minimum=1.0, maximum=100000.0, read_only=True),
    Parameter('backups', 7, 'Daily copies of the database beside it; the oldest are removed. 0: '
                            'none.', minimum=0, maximum=1000, read_only=True),
    Parameter('clips', False, 'Keep the sound of each episode beside the database. Off: nothing '
                              'that is heard leaves the memory.', read_only=True),
    Parameter('clip_pre_roll_s', 5.0, 'Sound before the onset that a clip begins with.',
              minimum=0.0, maximum=60.0),
    Parameter('clip_longest_s', 60.0, 'Longest clip, pre-roll included.', minimum=1.0,
              maximum=600.0),
    Parameter('clips_largest_mb', 500.0, 'Size of all clips above which the oldest are removed.',
              minimum=1.0, maximum=100000.0),
)

CAREGIVER_PAGE = (
    Parameter('host', '127.0.0.1', 'Address to listen on. 127.0.0.1: this machine only; 0.0.0.0: '
                                   'the house network, for phones that have shown the token.',
              read_only=True),
    Parameter('port', 8095, 'TCP port to listen on; 0 takes a free one.',
              minimum=0, maximum=65535, read_only=True),
    Parameter('require_token', False, 'Ask for the token on 127.0.0.1 too, as it must be behind a '
                                      'reverse proxy.', read_only=True),
    Parameter('host_names', '', 'Further names by which browsers reach the page, with commas '
                                'between them; for a reverse proxy.', read_only=True),
    Parameter('base_path', '', 'Path under which a reverse proxy passes requests on, for example '
                               '/baby; empty: it cuts the path off, or there is none.',
              read_only=True),
    Parameter('token_file', '', 'File that keeps the token; empty: one in XDG_STATE_HOME.',
              read_only=True, path=True),
    Parameter('diary_file', '', 'The diary\'s database, read only; empty: the usual one.',
              read_only=True, path=True),
)

CRY_MONITOR = (
    Parameter('window_s', 20.0, 'How much of the past the picture shows.',
              minimum=5.0, maximum=60.0),
    Parameter('picture_rate', 5.0, 'Pictures a second, while somebody subscribes.',
              minimum=0.2, maximum=20.0, live=True),
    Parameter('width', 640, 'Width of the picture in pixels.', minimum=320, maximum=1920),
    Parameter('height', 360, 'Height of the picture in pixels.', minimum=240, maximum=1080),
    Parameter('theme', 'dark', 'Colours of the picture.', choices=('dark', 'light'), live=True),
    Parameter('raw_audio', False, 'Publish monitor/raw_audio (foxglove_msgs/RawAudio) for '
                                  'listening live. Off: it is a nursery.', read_only=True),
)

ROCKER = (
    Parameter('policy', '', 'Policy file (YAML); empty: the shipped one.', read_only=True,
              path=True),
    Parameter('interface', 'trajectory', 'Commands: trajectory (trajectory_msgs/JointTrajectory '
              'on joint_trajectory, comes to rest by itself when nothing more is said), position '
              '(std_msgs/Float64MultiArray on position_command) or twist (geometry_msgs/Twist on '
              'cmd_vel, only with platform_rated_for_rocking).',
              choices=('trajectory', 'position', 'twist'), read_only=True),
    Parameter('command_topic', '', 'Topic of the commands, the controller\'s, for example '
              '/crib_controller/joint_trajectory; empty: the interface\'s own name.',
              read_only=True),
    Parameter('platform_rated_for_rocking', False, 'Whether the maker of the mobile base approves '
              'rocking a baby with its wheels; without it there is no Twist.', read_only=True),
    Parameter('joint', 'crib_rocking_joint', 'Name of the joint in the trajectory and in '
              'joint_states.', read_only=True),
    Parameter('joint_states_topic', 'joint_states', 'Where sensor_msgs/JointState says where the '
              'joint is; motion begins there, and without it there is none.', read_only=True),
    Parameter('open_loop', False, 'Nobody measures the joint, and the platform stays where it was '
              'told to be. Its first movement is gentle from anywhere within the stroke, and '
              'begins 10 s after the start; only with interface trajectory.', read_only=True),
    Parameter('rest_position', 0.0, 'Position of the joint at rest, in its own units (metres or '
              'radians).', minimum=-6.3, maximum=6.3, read_only=True),
    Parameter('units_per_metre', 1.0, 'Joint units per metre of the cot\'s motion: 1 for a slide, '
              '1 / radius for a rocker in radians.', minimum=0.1, maximum=10.0, read_only=True),
    Parameter('max_acceleration', 0.5, 'Highest peak acceleration in m/s^2; it lowers the '
              'frequency where needed. Above 0.7 nothing is accepted.', minimum=0.05, maximum=0.7,
              read_only=True),
    Parameter('max_amplitude_mm', 60.0, 'Largest amplitude, whatever the policy says.',
              minimum=1.0, maximum=60.0, read_only=True),
    Parameter('ramp_s', 3.0, 'Duration of the smooth start and stop.', minimum=3.0, maximum=9.0,
              read_only=True),
    Parameter('session_s', 300.0, 'Longest session.', minimum=20.0, maximum=300.0,
              read_only=True),
    Parameter('duty_min_per_hour', 15.0, 'Most rocking within any hour, in minutes.',
              minimum=1.0, maximum=30.0, read_only=True),
    Parameter('keep_duty', True, 'Keep the hour\'s rocking in a file (XDG_STATE_HOME), so that it '
              'is not forgotten after a crash.', read_only=True),
    Parameter('watchdog_s', 1.0, 'Real time of silence of cry_need, or of a clock that '
              'stands still, after which it stops at once.',
              minimum=0.4, maximum=5.0, read_only=True),
    Parameter('stale_s', 2.0, 'A cry_need whose stamp is older than this, or ahead of the clock '
              'by more, is not acted on.', minimum=0.5, maximum=10.0, read_only=True),
    Parameter('stop_hold_s', 300.0, 'After a caregiver said stop, do not rock again for so long, '
              'over restarts too; ~/enable true ends it.', minimum=0.0, maximum=86400.0,
              read_only=True),
    Parameter('require_imu', False, 'Rock only while an IMU on the crib (topic imu) is heard.',
              read_only=True),
    Parameter('imu_acceleration_limit', 1.0, 'Acceleration beside gravity, in m/s^2, above which '
              'the IMU stops it.', minimum=0.3, maximum=3.0, read_only=True),
)

SOOTHER = (
    Parameter('policy', '', 'YAML file that says when to play what; empty: the shipped policy.',
              read_only=True, path=True),
    Parameter('crib_id', '', 'Crib of the policy to obey; empty: what cry_need names.',
              read_only=True),
    Parameter('output', 'speaker', 'Where sound goes: to a loudspeaker, or out as topics.',
              choices=('speaker', 'topic'), read_only=True),
    Parameter('device', '', 'Loudspeaker: part of its name, or its index; empty: the default '
                            'one.', read_only=True),
    Parameter('sample_rate', 48000, 'Sampling rate in Hz of the topics, and the one tried first '
                                    'on the loudspeaker.', minimum=8000, maximum=96000),
    Parameter('sounds_folder', '', 'Folder of your own WAV, FLAC or OGG recordings; a policy '
                                   'names them by file name.', read_only=True, path=True),
    Parameter('sound', 'pink', 'What ~/play plays: a made sound (white, pink, brown, heartbeat, '
                               'shush, lullaby) or a file.', read_only=True),
    Parameter('level_dba', 45.0, 'Level of ~/play at the baby\'s ear in dB(A).',
              minimum=20.0, maximum=60.0, live=True),
    Parameter('cap_dba', 50.0, 'Most that the limiter lets through at the baby\'s ear in dB(A), '
                               'in any second.', minimum=20.0, maximum=60.0, live=True),
    Parameter('calibration_dba', 0.0, 'Measured level at the baby\'s ear in dB(A) while the '
                                      'calibration sound plays; 0: never measured.',
              minimum=0.0, maximum=120.0),
    Parameter('calibration_dbfs', -45.0, 'Level in dBFS(A) at which ~/calibrate plays.',
              minimum=-80.0, maximum=-10.0),
    Parameter('fade_in_s', 3.0, 'Fade-in.', minimum=0.5, maximum=60.0),
    Parameter('fade_out_s', 3.0, 'Fade-out.', minimum=0.2, maximum=60.0),
    Parameter('session_s', 300.0, 'Timer: longest that one sound plays.', minimum=5.0,
              maximum=3600.0),
    Parameter('hour_minutes', 30.0, 'Most minutes of sound in an hour.', minimum=0.0,
              maximum=60.0, live=True),
    Parameter('day_minutes', 240.0, 'Most minutes of sound in a day.', minimum=0.0,
              maximum=720.0, live=True),
    Parameter('cry_need_timeout_s', 1.0, 'Silence of cry_need after which the sound ends.',
              minimum=0.3, maximum=60.0),
    Parameter('seed', 0, 'Everything random in made sounds.', minimum=0, maximum=2**31),
)

TABLES = {
    'audio_capture': COMMON + AUDIO_CAPTURE,
    'feature_extractor': COMMON + FEATURE_EXTRACTOR,
    'cry_classifier': COMMON + CRY_CLASSIFIER,
    'cry_monitor': COMMON + CRY_MONITOR,
    'caregiver_alert': COMMON + CAREGIVER_ALERT,
    'diary': COMMON + DIARY,
    'caregiver_page': COMMON + CAREGIVER_PAGE,
    'rocker': COMMON + ROCKER,
    'soother': COMMON + SOOTHER,
}
