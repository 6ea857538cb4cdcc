# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the launch files of one crib and of several share: arguments that set parameters."""

from pathlib import Path

from baby_cry_detector.checkpoints import SHIPPED
from baby_cry_detector.features import FeatureSet, get_feature_set
from baby_cry_detector.names import safe_name
from baby_cry_detector.ros.base.launching import SWITCH
from baby_cry_detector.ros.base.parameters import TABLES
from baby_cry_detector.stream.listener import open_checkpoint
from launch.logging import launch_config
import yaml

DEFAULT_FRAME_ID = 'crib'
SOURCES = ['mic', 'file', 'topic']
LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal']
# Launch arguments that set a parameter of the same name, and the nodes that have it; the first
# one describes it. Empty means that params_file decides.
PASSED_ON = {
    'file': ('audio_capture',),
    'loop': ('audio_capture',),
    'rate': ('audio_capture',),
    'device': ('audio_capture',),
    'model': ('cry_classifier', 'feature_extractor'),
    'feature_set': ('feature_extractor',),
    'operating_point': ('cry_classifier',),
}
PATHS = ('file', 'model')


def nodes_of(source):
    """Return the nodes of one crib, by where its audio comes from."""
    return ['cry_classifier', 'feature_extractor',
            *([] if source == 'topic' else ['audio_capture'])]


def declared(node, name):
    """Return the declaration of a node's parameter."""
    return next(parameter for parameter in TABLES[node] if parameter.name == name)


def choices_of(name):
    """Return what one of PASSED_ON may be, '' (as in params_file) first; None: anything."""
    parameter = declared(PASSED_ON[name][0], name)
    choices = SWITCH if parameter.type_name == 'bool' else parameter.choices
    return ['', *(choice for choice in choices if choice)] if choices else None


def refuse_other_features(arguments):
    """Raise RuntimeError where the extractor would compute what the model can't hear."""
    if not arguments['feature_set']:
        return
    try:
        computed = get_feature_set(arguments['feature_set']).id
    except ValueError as error:
        raise RuntimeError(f'feature_set: {error}') from None
    model = arguments['model']
    try:
        heard = FeatureSet.from_dict(open_checkpoint(
            model if model in SHIPPED else str(Path(model).expanduser())).feature_set).id
    except (ValueError, OSError):
        return                     # the node says what is wrong with the model
    if computed != heard:
        raise RuntimeError(f'feature_set:={arguments["feature_set"]} computes {computed}, the '
                           f'model hears {heard}: leave feature_set out, or give the model '
                           'that was trained on it')


def overrides(arguments, nodes, namespace):
    """
    Return ``{full node name: {parameter: value}}`` of what the arguments set.

    Full names, because they win over any wildcard of params_file.
    """
    # With keep_trying: what can't be configured would be started again for ever.
    values = {node: {'use_sim_time': arguments['use_sim_time'] == 'true',
                     'keep_trying': arguments['respawn'] == 'true'} for node in nodes}
    if 'audio_capture' in nodes:
        values['audio_capture']['source'] = arguments['source']
        values['audio_capture']['frame_id'] = (
            arguments['frame_id'] or namespace.strip('/') or DEFAULT_FRAME_ID)
    for name, targets in PASSED_ON.items():
        for node in targets:
            if arguments[name] and node in nodes:
                values[node][name] = parsed(declared(node, name), arguments[name])
    if arguments['source'] == 'file' and not arguments['file']:
        raise RuntimeError('source:=file needs the recording: file:=PATH')
    return {f'{namespace.rstrip("/")}/{node}': chosen for node, chosen in values.items()}


def parsed(parameter, text):
    """Return the text of an argument in the parameter's type."""
    if parameter.name in PATHS and text not in SHIPPED:
        path = Path(text).expanduser().absolute()
        if not path.is_file():
            raise RuntimeError(f'{parameter.name} is not a file: {path}')
        return str(path)
    if parameter.type_name == 'bool':
        return text == 'true'
    if parameter.type_name == 'string':
        return text
    try:
        return parameter.check(float(text))
    except ValueError as error:
        raise RuntimeError(f'{parameter.name}:={text} is refused: {error}') from None


def write(parameters, namespace):
    """Write the overrides next to the log of this launch and return the path."""
    name = safe_name(namespace.strip('/'), nothing='root')
    path = Path(launch_config.log_dir) / f'parameters_{name}.yaml'
    path.write_text(yaml.safe_dump(
        {node: {'ros__parameters': values} for node, values in parameters.items()}),
        encoding='utf-8')
    return str(path)


def log_levels(nodes, level):
    """Return the ROS arguments that set the nodes' level and leave the middleware's alone."""
    result = []
    for node in nodes:
        result += ['--log-level', f'{node.strip("/").replace("/", ".")}:={level}']
    return result
