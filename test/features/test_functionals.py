# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The 384 statistics of IS09."""

from baby_cry_detector.features import extract, get_feature_set
from baby_cry_detector.features.functionals import functional_columns, FUNCTIONALS, functionals
import numpy as np
import pytest


def test_names_and_number():
    columns = functional_columns(get_feature_set('is09'))
    assert len(columns) == 384
    assert columns[0] == 'pcm_RMSenergy_sma_max'
    assert columns[12] == 'pcm_fftMag_mfcc_sma[1]_max'
    assert columns[-1] == 'F0_sma_de_kurtosis'
    rows = extract('is09', 0.1 * np.sin(np.arange(8000) / 3.0))
    assert functionals(rows).shape == (384,)


def test_values_of_a_known_contour():
    contour = np.array([1.0, 4.0, 2.0, 9.0, 3.0])
    value = dict(zip(FUNCTIONALS, functionals(contour[:, None])))
    slope, offset = np.polyfit(np.arange(5), contour, 1)
    error = np.mean((contour - offset - slope * np.arange(5)) ** 2)
    deviation = contour.std()
    scaled = (contour - contour.mean()) / deviation
    expected = {'max': 9, 'min': 1, 'range': 8, 'maxPos': 3, 'minPos': 0, 'amean': 3.8,
                'linregc1': slope, 'linregc2': offset, 'linregerrQ': error,
                'stddev': deviation, 'skewness': np.mean(scaled ** 3),
                'kurtosis': np.mean(scaled ** 4)}
    assert value == pytest.approx(expected)


def test_constant_and_single_rows():
    constant = functionals(np.full((9, 1), 0.1))
    assert np.isfinite(constant).all()
    assert constant[-3:] == pytest.approx([0.0, 0.0, 0.0], abs=1e-12)
    single = dict(zip(FUNCTIONALS, functionals(np.array([[5.0]]))))
    assert single['amean'] == 5.0 and single['linregc1'] == 0.0 and single['linregc2'] == 5.0


def test_no_rows_is_an_error():
    with pytest.raises(ValueError, match='at least one frame'):
        functionals(np.empty((0, 3)))
