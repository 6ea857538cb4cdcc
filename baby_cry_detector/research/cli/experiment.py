# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""``baby-cry experiment``: the paper's comparisons; ``parameters`` counts weights."""

import json
from typing import Any, Dict, Iterable, Tuple

from baby_cry_detector.cli.arguments import number
from baby_cry_detector.model.architecture import Architecture, count
from baby_cry_detector.research.cli import experiment_needs, experiment_paper

# How a user knows the models of the paper, and the rows of its tables.
MODELS = (('attention gate', 'attention'), ('LSTM', 'lstm'),
          ('LSTM with peepholes', 'lstm_peephole'), ('GRU', 'gru'))
Weights = Dict[str, float]                    # how many, and the shares that are saved


def add_parser(subparsers) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser('experiment', help="the paper's comparisons",
                                   description=__doc__)
    kinds = parser.add_subparsers(dest='experiment', required=True, metavar='EXPERIMENT')
    parameters = kinds.add_parser(
        'parameters', help='count the weights of every model and layer',
        description="Counts the weights of the paper's networks, and of its example layer, "
                    'without biases as the paper does, and with them. Depth adds none.')
    parameters.add_argument('--inputs', type=number(int, 1, 16384), default=32,
                            help='values per frame (default: 32, as IS09 with deltas)')
    parameters.add_argument('--labels', type=number(int, 1, 16384), default=5,
                            help='outputs (default: 5)')
    parameters.add_argument('--json', action='store_true', help='print JSON')
    parameters.set_defaults(run=run)
    experiment_paper.add_parser(kinds)
    experiment_needs.add_parser(kinds)


def run(args) -> int:
    """Run the command; return the exit status."""
    report = parameter_report(args.inputs, args.labels)
    print(json.dumps(report, indent=2) if args.json else _as_text(report))
    return 0


def parameter_report(inputs: int = 32, labels: int = 5) -> dict:
    """
    Return the weight counts of the paper's networks.

    ``single_layer`` is the paper's example, 512 inputs and 256 units. ``saving_vs_lstm`` is
    1 - weights / weights of the LSTM without peepholes; the paper's 33.4 % compares the single
    layer with the LSTM that has them (``saving_vs_lstm_peephole``).

    :raises ValueError: on a size out of range.
    """
    single_layer: Dict[str, Weights] = {}
    models: Dict[str, Dict[str, Any]] = {}
    for _, cell in MODELS:
        single = Architecture(512, (256,), cell=cell, gate_bias=False).layer_shapes(0)
        single_layer[cell] = {
            'weights': count(single, biases=False), 'with_biases': count(single)}
        network = Architecture.paper(inputs, labels, cell)
        layers: Dict[str, Dict[str, Tuple[int, ...]]] = {}
        for name, shape in network.shapes().items():
            layers.setdefault(name.rsplit('.', 1)[0], {})[name] = shape
        counts: Dict[str, Weights] = {
                  name: {'weights': count(shapes, biases=False), 'with_biases': count(shapes)}
                  for name, shapes in layers.items()}
        models[cell] = {
            'layers': counts,
            'cells': _sum(entry for name, entry in counts.items() if name.startswith('layers.')),
            'total': _sum(counts.values())}
    for part in (single_layer, {cell: entry['cells'] for cell, entry in models.items()}):
        for entry in part.values():
            for base in ('lstm', 'lstm_peephole', 'gru'):
                entry[f'saving_vs_{base}'] = round(1 - entry['weights'] / part[base]['weights'], 4)
    return {'inputs': inputs, 'labels': labels, 'single_layer': single_layer, 'models': models}


def _sum(entries: Iterable[Weights]) -> Weights:
    entries = list(entries)
    return {key: sum(entry[key] for entry in entries) for key in ('weights', 'with_biases')}


def _as_text(report: dict) -> str:
    lines = []
    row = '{:<34}{:>12}{:>14}{:>10}{:>12}{:>10}'

    def add(name: str, entry: dict) -> None:
        savings = [f'{0 - 100 * entry[key]:+.1f} %' if key in entry else ''
                   for key in ('saving_vs_lstm', 'saving_vs_lstm_peephole', 'saving_vs_gru')]
        lines.append(row.format(name, f'{entry["weights"]:,}', f'{entry["with_biases"]:,}',
                                *savings).rstrip())

    head = row.format('', 'weights', 'with biases', 'to LSTM', 'to peep.', 'to GRU')
    lines.append(head.rstrip())
    for title, cell in MODELS:
        add(f'{title}, 512 → 256', report['single_layer'][cell])
    for title, cell in MODELS:
        entry = report['models'][cell]
        lines.append('')
        for name, counts in entry['layers'].items():
            add(f'{title}: {name}', counts)
        add(f'{title}: cells together', entry['cells'])
        add(f'{title}: all', entry['total'])
    lines += ['', 'The 33.4 % of the paper holds for its 512 → 256 layer against the LSTM with '
              'peepholes.', 'Depth 2, 3 … has exactly the weights of depth 1.']
    return '\n'.join(lines)
