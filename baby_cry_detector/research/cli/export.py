# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""``baby-cry export CHECKPOINT --out FILE.onnx``: the detector as an ONNX graph."""

from pathlib import Path
import sys

from baby_cry_detector.cli.arguments import output_path


def add_parser(subparsers) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        'export', help='write a checkpoint as ONNX',
        description='Writes the whole detector: as many raw frames in as it takes until every '
                    'member has stepped, a probability out after every step of any of them, and '
                    'its state as named inputs and outputs. Needs the packages torch and '
                    'onnx.')
    parser.add_argument('checkpoint', type=Path, help='checkpoint (.npz)')
    parser.add_argument('--out', type=output_path, required=True, help='file to write (.onnx)')
    parser.set_defaults(run=run)


def run(args) -> int:
    """Run the command; return the exit status."""
    from baby_cry_detector.model.checkpoint import load_checkpoint
    checkpoint = load_checkpoint(args.checkpoint)
    try:
        from baby_cry_detector.research.model.onnx_export import checkpoint_model
    except ImportError as error:
        print(f'baby-cry export: {error}; it needs PyTorch and ONNX: pip install torch onnx',
              file=sys.stderr)
        return 3
    args.out.write_bytes(checkpoint_model(checkpoint).SerializeToString(deterministic=True))
    print(f'wrote {args.out}', file=sys.stderr)
    return 0
