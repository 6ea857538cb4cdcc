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
"""`baby-cry features`: descriptors of recordings as CSV or NPZ."""

import csv
from pathlib import Path

from baby_cry_detector.audio import read_audio
from baby_cry_detector.features import extract, feature_set_ids, get_feature_set
import numpy as np


def add_parser(subparsers):
    """Declare the subcommand."""
    parser = subparsers.add_parser('features', help='write descriptors', description=__doc__)
    parser.add_argument('files', nargs='+', metavar='FILE', help='WAV, FLAC or OGG recording')
    parser.add_argument('--set', default='is09', dest='feature_set',
                        help=f'feature set: {", ".join(feature_set_ids())}; default: is09')
    parser.add_argument('--out', required=True, metavar='F.csv|F.npz', help='file to write; with '
                        'several recordings their names are put before it')
    parser.set_defaults(run=run)


def run(args) -> int:
    """Write one file per recording."""
    feature_set = get_feature_set(args.feature_set)
    for path in args.files:
        out = Path(args.out)
        if len(args.files) > 1:
            out = out.with_name(f'{Path(path).stem}.{out.name}')
        write(out, feature_set, extract(feature_set, read_audio(path)))
    return 0


def write(out: Path, feature_set, values: np.ndarray) -> None:
    """
    Write rows (n, F) to a CSV (first row: column names) or an NPZ (arrays values and columns).

    :raises ValueError: on another suffix.
    """
    if out.suffix == '.npz':
        np.savez_compressed(out, values=values, columns=np.array(feature_set.columns),
                            feature_set=np.array(feature_set.id))
    elif out.suffix == '.csv':
        with open(out, 'w', newline='', encoding='utf-8') as file:
            writer = csv.writer(file)
            writer.writerow(feature_set.columns)
            writer.writerows([[repr(float(value)) for value in row] for row in values])
    else:
        raise ValueError(f'{out}: expected a name that ends in .csv or .npz')
