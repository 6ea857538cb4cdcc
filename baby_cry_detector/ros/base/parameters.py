# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The nodes' parameters, each declared once: type, default, range, description, live or not.

`managed_node.py` declares and validates from these classes and hands their values to the node as
attributes; `tools/parameter_docs.py` writes the tables of the documentation and
`config/baby_cry_detector.yaml` from them.
"""

from dataclasses import dataclass
from typing import Dict, Type

from baby_cry_detector.audio import AudioError, parse_choice
from baby_cry_detector.care.alerts.settings import ChannelSettings
from baby_cry_detector.care.hard_limits import (HARD_ACCELERATION, HARD_DUTY_S,
                                                LARGEST_AMPLITUDE_MM, LEVEL_RANGE_DBA,
                                                LONGEST_ROCKING_S, REST_RANGE, SHORTEST_RAMP_S,
                                                UNITS_RANGE)
from baby_cry_detector.decision.settings import DecisionSettings
from baby_cry_detector.fields import setting, Settings
from baby_cry_detector.names import UNNAMED_CRIB


@dataclass(frozen=True)
class NodeSettings(Settings):
    """What every node has."""

    autostart: bool = setting(
        True, 'Configure and activate at start. False: a lifecycle manager does it.')
    keep_trying: bool = setting(
        False, 'Where the node cannot be configured: stay, say why in diagnostics, and try again '
        'less and less often. False: exit. The launch files say true.', read_only=True)


class _ChoosesChannel(NodeSettings):
    channel: str

    def __post_init__(self) -> None:
        """Check the choice of a channel by the rule that the commands have."""
        super().__post_init__()
        try:
            parse_choice(self.channel)
        except AudioError as error:
            raise self.error(f'channel: {error}') from None


@dataclass(frozen=True)
class AudioCaptureSettings(_ChoosesChannel):
    """Parameters of audio_capture."""

    source: str = setting(
        'mic', 'Where audio comes from.', choices=('mic', 'file'), read_only=True)
    file: str = setting(
        '', 'Path of a WAV, FLAC or OGG recording; for source "file".', read_only=True, path=True)
    loop: bool = setting(False, 'Start the recording again at its end.')
    rate: float = setting(
        1.0, 'Playing speed of a recording; 1 is real time, 0 as fast as possible.', minimum=0.0,
        maximum=1000.0)
    device: str = setting(
        '', 'Microphone: part of its name, or its index; empty: the default one.', read_only=True)
    channel: str = setting(
        'auto', 'Channel to publish, counted from 0; mix: the mean of all; auto: the mean, unless '
        'it would hide something.')
    gain_db: float = setting(
        0.0, 'Amplification of the microphone; what does not fit is clipped.', minimum=-20.0,
        maximum=40.0, live=True)
    sample_rate: int = setting(
        16000, 'Published sampling rate in Hz.', minimum=8000, maximum=48000)
    block_duration_s: float = setting(0.08, 'Audio per message.', minimum=0.01, maximum=1.0)
    frame_id: str = setting(UNNAMED_CRIB, 'Frame of the microphone; it names the crib.',
                            read_only=True)


@dataclass(frozen=True)
class FeatureExtractorSettings(_ChoosesChannel):
    """Parameters of feature_extractor."""

    feature_set: str = setting(
        '', 'Descriptors to compute, for example "is09"; empty: those that the model asks for.')
    model: str = setting(
        '', 'Checkpoint whose descriptors are computed where feature_set is empty; as for '
        'cry_classifier.', read_only=True, path=True)
    channel: str = setting(
        'auto', 'Channel of the audio to listen to, counted from 0; mix: the mean of all; auto: '
        'the mean, unless it would hide something.')
    stamp_tolerance_s: float = setting(
        0.04, 'Jitter of the stamps that still counts as continuous.', minimum=0.001, maximum=1.0)
    no_audio_timeout_s: float = setting(
        1.0, 'Silence of the audio topic after which the stream has ended.', minimum=0.2,
        maximum=60.0)
    keep_microphone: bool = setting(
        True, 'Keep in a file (XDG_STATE_HOME) how quiet the microphone ever was, so that one '
        'that is muted is known after a restart; levels only, never sound.', read_only=True)
    own_sound: str = setting(
        'own_sound', 'Topics, separated by commas, on which loudspeakers of the robot say what '
        'they play; it is taken out of what is heard. The format of each is on its name with '
        '_info. Empty: none.', read_only=True)
    own_motion: str = setting(
        'joint_states', 'Topic (sensor_msgs/JointState) with the joint that rocks; what its '
        'motion sounds like is learned while nobody cries and made softer from then on. Empty: '
        'none.',
        read_only=True)
    own_motion_joint: str = setting(
        'crib_rocking_joint', 'Name of that joint.', read_only=True)
    send_samples: bool = setting(
        True, 'Send the audio of the frames along, for the second listener of cry_classifier; it '
        'has none otherwise.', read_only=True)


@dataclass(frozen=True)
class CryClassifierSettings(DecisionSettings, NodeSettings):
    """Parameters of cry_classifier."""

    model: str = setting(
        '', 'Checkpoint (.npz) of the network; empty: the shipped one, is09: the shipped one on '
        "the paper's descriptors.", read_only=True, path=True)
    confirmer: str = setting(
        '', 'Second listener (.npz), which confirms what is taken for crying; empty: the shipped '
        'one, none: there is none.', read_only=True, path=True)
    no_audio_timeout_s: float = setting(
        2.0, 'Silence of the feature topic after which the status is NO_AUDIO.', minimum=0.2,
        maximum=60.0)
    keep_episode: bool = setting(
        True, 'Keep the episode in progress in a file (XDG_STATE_HOME), so that it goes on after '
        'a crash.', read_only=True)
    use_sound: bool = setting(
        False, 'Keep in a file of this machine (XDG_STATE_HOME, 0600) how each episode sounded, '
        'in some fifty numbers, for need_estimator with the same parameter; on no topic. Ends '
        'with "baby-cry need voice --erase".', read_only=True)


@dataclass(frozen=True)
class CryMonitorSettings(NodeSettings):
    """Parameters of cry_monitor."""

    window_s: float = setting(
        20.0, 'How much of the past the picture shows.', minimum=5.0, maximum=60.0)
    picture_rate: float = setting(
        5.0, 'Pictures a second, while somebody subscribes.', minimum=0.2, maximum=20.0, live=True)
    width: int = setting(640, 'Width of the picture in pixels.', minimum=320, maximum=1920)
    height: int = setting(360, 'Height of the picture in pixels.', minimum=240, maximum=1080)
    theme: str = setting('dark', 'Colours of the picture.', choices=('dark', 'light'), live=True)
    raw_audio: bool = setting(
        False, 'Publish monitor/raw_audio (foxglove_msgs/RawAudio) for listening live. Off: it is '
        'a nursery.', read_only=True)


@dataclass(frozen=True)
class CaregiverAlertSettings(ChannelSettings, NodeSettings):
    """Parameters of caregiver_alert."""

    policy: str = setting(
        '', 'YAML file that says when to alert; empty: the shipped policy.', read_only=True,
        path=True)
    crib_id: str = setting(
        '', 'Name of the crib for channels, until cry_need names it; empty: the namespace.',
        read_only=True)
    need_timeout_s: float = setting(
        10.0, 'Silence of cry_need that is an alert of its own.', minimum=1.0, maximum=600.0,
        read_only=True)
    keep_alert: bool = setting(
        True, 'Keep the open alert, and what waits for a channel, in files (XDG_STATE_HOME), so '
        'that a crash loses nothing.', read_only=True)


@dataclass(frozen=True)
class DiarySettings(NodeSettings):
    """Parameters of diary."""

    file: str = setting(
        '', 'Database; empty: XDG_STATE_HOME/baby_cry_detector/diary.sqlite, one for all cribs.',
        read_only=True, path=True)
    keep_days: float = setting(
        730.0, 'What is older is forgotten, a day of it at a time.', minimum=1.0, maximum=36500.0,
        read_only=True)
    largest_mb: float = setting(
        200.0, 'Size of the database above which what is least worth is forgotten.', minimum=1.0,
        maximum=100000.0, read_only=True)
    backups: int = setting(
        7, 'Daily copies of the database beside it; the oldest are removed. 0: none.', minimum=0,
        maximum=1000, read_only=True)
    clips: bool = setting(
        False, 'Keep the sound of each episode beside the database. Off: nothing that is heard '
        'leaves the memory.', read_only=True)
    clip_pre_roll_s: float = setting(
        5.0, 'Sound before the onset that a clip begins with.', minimum=0.0, maximum=60.0)
    clip_longest_s: float = setting(
        60.0, 'Longest clip, pre-roll included.', minimum=1.0, maximum=600.0)
    clips_largest_mb: float = setting(
        500.0, 'Size of all clips above which the oldest are removed.', minimum=1.0,
        maximum=100000.0)


@dataclass(frozen=True)
class NeedEstimatorSettings(NodeSettings):
    """Parameters of need_estimator."""

    diary_file: str = setting(
        '', "The diary's database, read only; empty: the usual one.", read_only=True, path=True)
    threshold: float = setting(
        0.95, "Probability of knowing more than this baby's commonest need from which on a need "
        'is named.', minimum=0.5, maximum=0.9999, read_only=True)
    use_sound: bool = setting(
        False, 'Learn from how episodes sounded too, where cry_classifier keeps that on this '
        'machine (the same parameter). Off: nothing shows yet that it helps with babies.',
        read_only=True)


@dataclass(frozen=True)
class PageSettings(NodeSettings):
    """Parameters of every node that serves a page."""

    host: str = setting(
        '127.0.0.1', 'Address to listen on. 127.0.0.1: this machine only; 0.0.0.0: the house '
        'network, for phones that have shown the token.', read_only=True)
    port: int = setting(
        8095, 'TCP port to listen on; 0 takes a free one.', minimum=0, maximum=65535,
        read_only=True)
    require_token: bool = setting(
        False, 'Ask for the token on 127.0.0.1 too, as it must be behind a reverse proxy.',
        read_only=True)
    host_names: str = setting(
        '', 'Further names by which browsers reach the page, with commas between them; for a '
        'reverse proxy.', read_only=True)
    base_path: str = setting(
        '', 'Path under which a reverse proxy passes requests on, for example /baby; empty: it '
        'cuts the path off, or there is none.', read_only=True)
    token_file: str = setting(
        '', 'File that keeps the token; empty: one in XDG_STATE_HOME.', read_only=True, path=True)


@dataclass(frozen=True)
class CaregiverPageSettings(PageSettings):
    """Parameters of caregiver_page."""

    diary_file: str = setting(
        '', "The diary's database, read only; empty: the usual one.", read_only=True, path=True)


@dataclass(frozen=True)
class WardPageSettings(PageSettings):
    """Parameters of ward_page."""

    port: int = setting(
        8096, 'TCP port to listen on; 0 takes a free one.', minimum=0, maximum=65535,
        read_only=True)
    cribs: str = setting(
        '', 'Namespaces of the cribs, with commas between them: each is shown, and told where it '
        'is not heard, from the beginning. Empty: those whose cry_need is found, from then on.',
        read_only=True)
    page_address: str = setting(
        '', "Address of a crib's own page, where {crib} stands for its namespace, for example "
        'https://{crib}.ward.example/; empty: none is offered.', read_only=True)
    not_heard_after_s: float = setting(
        10.0, 'So long a crib may not be heard until that is told on alert.', minimum=3.0,
        maximum=600.0)
    repeat_s: float = setting(
        60.0, 'It is told again so often while it lasts.', minimum=5.0, maximum=3600.0)


@dataclass(frozen=True)
class RockerSettings(NodeSettings):
    """Parameters of rocker."""

    policy: str = setting(
        '', 'Policy file (YAML); empty: the shipped one.', read_only=True, path=True)
    interface: str = setting(
        'trajectory', 'Commands: trajectory (trajectory_msgs/JointTrajectory on joint_trajectory, '
        'comes to rest by itself when nothing more is said), position (std_msgs/Float64MultiArray '
        'on position_command) or twist (geometry_msgs/Twist on cmd_vel, only with '
        'platform_rated_for_rocking).', choices=('trajectory', 'position', 'twist'),
        read_only=True)
    command_topic: str = setting(
        '', "Topic of the commands, the controller's, for example "
        "/crib_controller/joint_trajectory; empty: the interface's own name.", read_only=True)
    platform_rated_for_rocking: bool = setting(
        False, 'Whether the maker of the mobile base approves rocking a baby with its wheels; '
        'without it there is no Twist.', read_only=True)
    joint: str = setting(
        'crib_rocking_joint', 'Name of the joint in the trajectory and in joint_states.',
        read_only=True)
    joint_states_topic: str = setting(
        'joint_states', 'Where sensor_msgs/JointState says where the joint is; motion begins '
        'there, and without it there is none.', read_only=True)
    open_loop: bool = setting(
        False, 'Nobody measures the joint, and the platform stays where it was told to be. Its '
        'first movement is gentle from anywhere within the stroke, and begins 10.5 s after '
        'the start or a stop; only with interface trajectory.', read_only=True)
    rest_position: float = setting(
        0.0, 'Position of the joint at rest, in its own units (metres or radians).',
        minimum=REST_RANGE[0], maximum=REST_RANGE[1], read_only=True)
    units_per_metre: float = setting(
        1.0, "Joint units per metre of the cot's motion: 1 for a slide, 1 / radius for a rocker "
        'in radians.', minimum=UNITS_RANGE[0], maximum=UNITS_RANGE[1], read_only=True)
    max_acceleration: float = setting(
        0.5, 'Highest peak acceleration in m/s^2; it lowers the frequency where needed. Above '
        f'{HARD_ACCELERATION:g} nothing is accepted.', minimum=0.05, maximum=HARD_ACCELERATION,
        read_only=True)
    max_amplitude_mm: float = setting(
        LARGEST_AMPLITUDE_MM, 'Largest amplitude, whatever the policy says.', minimum=1.0,
        maximum=LARGEST_AMPLITUDE_MM, read_only=True)
    ramp_s: float = setting(
        SHORTEST_RAMP_S, 'Duration of the smooth start and stop.', minimum=SHORTEST_RAMP_S,
        maximum=9.0, read_only=True)
    session_s: float = setting(
        LONGEST_ROCKING_S, 'Longest session.', minimum=20.0, maximum=LONGEST_ROCKING_S,
        read_only=True)
    duty_min_per_hour: float = setting(
        15.0, 'Most rocking within any hour, in minutes.', minimum=1.0,
        maximum=HARD_DUTY_S / 60.0, read_only=True)
    keep_duty: bool = setting(
        True, "Keep the hour's rocking in a file (XDG_STATE_HOME), so that it is not forgotten "
        'after a crash.', read_only=True)
    watchdog_s: float = setting(
        1.0, 'Real time of silence of cry_need, or of a clock that stands still, after which it '
        'stops at once.', minimum=0.4, maximum=5.0, read_only=True)
    stale_s: float = setting(
        2.0, 'A cry_need whose stamp is older than this, or ahead of the clock by more, is not '
        'acted on.', minimum=0.5, maximum=10.0, read_only=True)
    stop_hold_s: float = setting(
        300.0, 'After a caregiver said stop, do not rock again for so long, over restarts too; '
        '~/enable true ends it.', minimum=0.0, maximum=86400.0, read_only=True)
    require_imu: bool = setting(
        False, 'Rock only while an IMU on the crib (topic imu) is heard.', read_only=True)
    imu_acceleration_limit: float = setting(
        1.0, 'Acceleration beside gravity, in m/s^2, above which the IMU stops it.', minimum=0.3,
        maximum=3.0, read_only=True)


@dataclass(frozen=True)
class SootherSettings(NodeSettings):
    """Parameters of soother."""

    policy: str = setting(
        '', 'YAML file that says when to play what; empty: the shipped policy.', read_only=True,
        path=True)
    crib_id: str = setting(
        '', 'Crib of the policy to obey; empty: what cry_need names.', read_only=True)
    output: str = setting(
        'speaker', 'Where sound goes: to a loudspeaker, or out as topics.',
        choices=('speaker', 'topic'), read_only=True)
    device: str = setting(
        '', 'Loudspeaker: part of its name, or its index; empty: the default one.', read_only=True)
    sample_rate: int = setting(
        48000, 'Sampling rate in Hz of the topics, and the one tried first on the loudspeaker.',
        minimum=8000, maximum=96000)
    sounds_folder: str = setting(
        '', 'Folder of your own WAV, FLAC or OGG recordings; a policy names them by file name.',
        read_only=True, path=True)
    sound: str = setting(
        'pink', 'What ~/play plays: a made sound (white, pink, brown, heartbeat, shush, lullaby) '
        'or a file.', read_only=True)
    level_dba: float = setting(
        45.0, "Level of ~/play at the baby's ear in dB(A).",
        minimum=LEVEL_RANGE_DBA[0], maximum=LEVEL_RANGE_DBA[1], live=True)
    cap_dba: float = setting(
        50.0, "Most that the limiter lets through at the baby's ear in dB(A), in any second.",
        minimum=LEVEL_RANGE_DBA[0], maximum=LEVEL_RANGE_DBA[1], live=True)
    calibration_dba: float = setting(
        0.0, "Measured level at the baby's ear in dB(A) while the calibration sound plays; 0: "
        'never measured.', minimum=0.0, maximum=120.0)
    calibration_dbfs: float = setting(
        -45.0, 'Level in dBFS(A) at which ~/calibrate plays.', minimum=-80.0, maximum=-10.0)
    fade_in_s: float = setting(3.0, 'Fade-in.', minimum=0.5, maximum=60.0)
    fade_out_s: float = setting(3.0, 'Fade-out.', minimum=0.2, maximum=60.0)
    session_s: float = setting(
        300.0, 'Timer: longest that one sound plays.', minimum=5.0, maximum=3600.0)
    hour_minutes: float = setting(
        30.0, 'Most minutes of sound in an hour.', minimum=0.0, maximum=60.0, live=True)
    day_minutes: float = setting(
        240.0, 'Most minutes of sound in a day.', minimum=0.0, maximum=720.0, live=True)
    cry_need_timeout_s: float = setting(
        1.0, 'Silence of cry_need after which the sound ends.', minimum=0.3, maximum=60.0)
    seed: int = setting(0, 'Everything random in made sounds.', minimum=0, maximum=2**31)


SETTINGS: Dict[str, Type[NodeSettings]] = {
    'audio_capture': AudioCaptureSettings,
    'feature_extractor': FeatureExtractorSettings,
    'cry_classifier': CryClassifierSettings,
    'cry_monitor': CryMonitorSettings,
    'caregiver_alert': CaregiverAlertSettings,
    'diary': DiarySettings,
    'need_estimator': NeedEstimatorSettings,
    'caregiver_page': CaregiverPageSettings,
    'ward_page': WardPageSettings,
    'rocker': RockerSettings,
    'soother': SootherSettings,
}
# The same as tables: for launch files, documents and what lists parameters.
TABLES = {name: settings.table() for name, settings in SETTINGS.items()}
