# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`baby-cry synthesise`: make the demonstration recording, or a cry alone, without a baby."""

import sys

from baby_cry_detector.audio import SAMPLE_RATE, to_pcm16
from baby_cry_detector.cli.arguments import number, output


def add_parser(subparsers):
    """Declare the subcommand."""
    parser = subparsers.add_parser('synthesise', help='make a synthetic recording',
                                   description=__doc__)
    parser.add_argument('--out', required=True, metavar='F.wav', type=output(('.wav', '.flac')),
                        help='WAV or FLAC file to write')
    parser.add_argument('--seed', type=number(int, 0, 2**63 - 1), default=0,
                        metavar='N', help='same seed, same samples')
    parser.add_argument('--cry-s', type=number(float, 0, 600), default=0.0, metavar='SECONDS',
                        help='a cry alone of this length; default: the demonstration scene')
    parser.set_defaults(run=run)


def run(args) -> int:
    """Write the file; where it cries goes to standard error."""
    from baby_cry_detector.audio.synthesis.synthesiser import demonstration, synthesise_cry
    import soundfile
    if args.cry_s:
        samples, cries = synthesise_cry(args.cry_s, seed=args.seed), [(0.0, args.cry_s)]
    else:
        samples, cries = demonstration(seed=args.seed)
    try:
        soundfile.write(args.out, to_pcm16(samples), SAMPLE_RATE, subtype='PCM_16')
    except (soundfile.SoundFileError, TypeError) as error:
        raise OSError(f'{args.out}: cannot be written as WAV or FLAC ({error})') from None
    for start_s, end_s in cries:
        print(f'cry from {start_s:.2f} to {end_s:.2f} s', file=sys.stderr)
    return 0
