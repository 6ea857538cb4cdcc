# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""One picture of a recording: waveform, spectrogram, F0 with voicing, descriptors."""

from typing import Any, Sequence

from baby_cry_detector.features.definition import FeatureSet, SAMPLE_RATE
from baby_cry_detector.features.stages.framing import count_frames
from baby_cry_detector.features.stages.mel import mel_bank
from baby_cry_detector.features.stages.spectrum import hamming, power, Spectrum
import numpy as np

_INK = '#1b2a41'
_ACCENT = '#d1495b'
_COOL = '#00798c'
_CHUNK = 4096
# Waveforms longer than this are drawn as their envelope.
_DRAWN = 4000


def default_columns(feature_set: FeatureSet) -> Sequence[str]:
    """Return up to four columns that show most: level, noisiness, brightness, first cepstra."""
    wanted = ('pcm_RMSenergy_sma', 'logHNR_sma', 'spectralFlux_sma', 'dysphonatedShare',
              'pcm_fftMag_spectralCentroid_sma', 'jitterLocal_sma', 'pcm_zcr_sma',
              'pcm_loudness_sma', 'pcm_fftMag_mfcc_sma[1]', 'mfcc_sma[1]', 'cepstrum[0]',
              'cepstrum[1]', 'cepstrum[2]')
    return [name for name in wanted if name in feature_set.columns][:4]


def log_mel(samples: np.ndarray, hop: int, bands: int = 80) -> np.ndarray:
    """Return a mel spectrogram in dB below its own maximum, shape (frames, bands)."""
    spectrum = Spectrum(hamming(400), hop)
    bank, _ = mel_bank(bands, 50.0, 8000.0, spectrum.fft_length, SAMPLE_RATE)
    count = count_frames(samples.size, 400, hop)
    rows = [np.empty((0, bands))]
    for start in range(0, count, _CHUNK):
        part = np.ascontiguousarray(samples[start * hop:])
        block = min(_CHUNK, count - start)
        rows.append(power(spectrum.transform(spectrum.windowed(part, block))) @ bank)
    energy = np.concatenate(rows)
    top = max(float(energy.max(initial=0.0)), 1e-12)
    return 10.0 * np.log10(np.maximum(energy / top, 1e-8))


def draw(samples: np.ndarray, feature_set: FeatureSet, values: np.ndarray,
         columns: Sequence[str], title: str) -> Any:
    """
    Draw a recording on one time axis.

    :param samples: shape (S,), 16 kHz.
    :param feature_set: names the columns of ``values``.
    :param values: rows, shape (N, F).
    :param columns: descriptors to show.
    :param title: usually the file's name.
    :return: a matplotlib figure.
    :raises ValueError: for a column the set does not have.
    """
    # Without pyplot: no display is needed, and no figure is kept behind the caller's back.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    roles = feature_set.roles
    heights = [1.0, 2.2] + [1.6] * ('f0' in roles) + [0.9] * len(columns)
    figure = Figure(figsize=(11, 1.1 + 0.92 * sum(heights)), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(heights), 1, sharex=True,
                           gridspec_kw={'height_ratios': heights})
    remaining = iter(axes)
    seconds = max(samples.size / SAMPLE_RATE, 1e-3)
    _waveform(next(remaining), samples)
    _spectrogram(figure, next(remaining), samples, seconds)
    # Rows are drawn at the middle of their longest window.
    time = (np.arange(len(values)) * feature_set.hop_length
            + feature_set.window_length / 2) / SAMPLE_RATE
    if 'f0' in roles:
        voicing = values[:, feature_set.index(roles['voicing'])]
        _melody(figure, next(remaining), time, values[:, feature_set.index(roles['f0'])],
                voicing)
    for axis, name in zip(remaining, columns):
        axis.plot(time, values[:, feature_set.index(name)], color=_INK, linewidth=0.9)
        axis.set_title(name, fontsize=8, loc='left', pad=2)
        axis.grid(alpha=0.25)
    for axis in axes:
        axis.tick_params(labelsize=8)
        axis.spines[['top', 'right']].set_visible(False)
    axes[0].set_xlim(0, seconds)
    axes[-1].set_xlabel('time / s', fontsize=9)
    axes[0].set_title(f'{title}   ({feature_set.id})', fontsize=10, loc='left')
    return figure


def _waveform(axis: Any, samples: np.ndarray) -> None:
    time = np.arange(samples.size) / SAMPLE_RATE
    if samples.size > _DRAWN:
        step = -(-samples.size // (_DRAWN // 2))
        whole = samples[:samples.size // step * step].reshape(-1, step)
        axis.fill_between(time[:whole.size:step], whole.min(axis=1), whole.max(axis=1),
                          color=_COOL, linewidth=0)
    else:
        axis.plot(time, samples, color=_COOL, linewidth=0.7)
    limit = max(float(np.abs(samples).max(initial=0.0)) * 1.05, 1e-4)
    axis.set_ylim(-limit, limit)
    axis.set_ylabel('waveform', fontsize=8)


def _spectrogram(figure: Any, axis: Any, samples: np.ndarray, seconds: float) -> None:
    hop = 160 * max(1, samples.size // 160 // 3000)
    picture = log_mel(samples, hop)
    if len(picture):
        end = ((len(picture) - 1) * hop + 400) / SAMPLE_RATE
        image = axis.imshow(picture.T, origin='lower', aspect='auto', cmap='magma', vmin=-65,
                            vmax=0, extent=(0, min(end, seconds), 0, picture.shape[1]),
                            interpolation='nearest')
        figure.colorbar(image, ax=axis, pad=0.01).set_label('dB', fontsize=8)
    _, centres = mel_bank(80, 50.0, 8000.0, 512, SAMPLE_RATE)
    ticks = [250, 500, 1000, 2000, 4000]
    axis.set_yticks(np.interp(ticks, centres, np.arange(80) + 0.5), [str(t) for t in ticks])
    axis.set_ylabel('mel / Hz', fontsize=8)


def _melody(figure: Any, axis: Any, time: np.ndarray, f0: np.ndarray,
            voicing: np.ndarray) -> None:
    voiced = f0 > 0
    line = np.where(voiced, f0, np.nan)
    axis.plot(time, line, color='#999999', linewidth=0.6, zorder=1)
    dots = axis.scatter(time[voiced], f0[voiced], c=voicing[voiced], cmap='viridis', vmin=0.3,
                        vmax=1.0, s=7, zorder=2)
    figure.colorbar(dots, ax=axis, pad=0.01).set_label('voicing', fontsize=8)
    axis.set_yscale('log')
    low, high = (f0[voiced].min(), f0[voiced].max()) if voiced.any() else (200.0, 600.0)
    ticks = [t for t in (75, 100, 150, 200, 300, 400, 500, 700, 1000, 1400, 2000)
             if 0.8 * low <= t <= 1.25 * high]
    axis.set_ylim(0.85 * low, 1.18 * high)
    axis.set_yticks(ticks, [str(t) for t in ticks])
    axis.minorticks_off()
    axis.set_ylabel('F0 / Hz', fontsize=8)
    axis.grid(alpha=0.25)
    if not voiced.any():
        axis.text(0.5, 0.5, 'nothing voiced', transform=axis.transAxes, ha='center',
                  color=_ACCENT)
