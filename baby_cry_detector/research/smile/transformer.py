# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Descriptors as a step of a scikit-learn pipeline."""

from typing import Any, Dict, Iterable, Optional

from baby_cry_detector.research.smile.smile import FeatureLevel, Smile
import numpy as np


class SmileTransformer:
    """
    Recordings → one row of functionals each; a transformer as scikit-learn's are.

    Descriptors that have no functionals give mean and standard deviation of each column. It has
    nothing to learn. Made without scikit-learn, so that it is there where that is not; it clones
    and goes into pipelines and searches as any estimator.

    :param feature_set: as of `Smile`.
    :param sampling_rate: of signals, in Hz; files have their own.
    """

    def __init__(self, feature_set: str = 'is09', sampling_rate: int = 16_000) -> None:
        self.feature_set = feature_set
        self.sampling_rate = sampling_rate

    def get_params(self, deep: bool = True) -> Dict[str, Any]:
        """Return the parameters by name."""
        return {'feature_set': self.feature_set, 'sampling_rate': self.sampling_rate}

    def set_params(self, **params: Any) -> 'SmileTransformer':
        """Change parameters; ValueError on one that there is not."""
        for name, value in params.items():
            if name not in self.get_params():
                raise ValueError(f'no parameter {name!r}')
            setattr(self, name, value)
        return self

    # N803, here and below: X is what scikit-learn calls it.
    def fit(self, X: Iterable, y: Any = None, **_: Any) -> 'SmileTransformer':  # noqa: N803, E501  # scikit-learn's name
        """Learn nothing; return this object."""
        self._smile()
        return self

    def transform(self, X: Iterable) -> np.ndarray:  # noqa: N803  # scikit-learn's name
        """
        Return ``(recordings, features)``.

        :param X: paths, or signals ``(n,)`` of ``sampling_rate``.
        """
        smile = self._smile()
        rows = [self._row(smile, each) for each in X]
        return np.array(rows).reshape(len(rows), len(self.get_feature_names_out()))

    def fit_transform(self, X: Iterable, y: Any = None, **_: Any) -> np.ndarray:  # noqa: N803, E501  # scikit-learn's name
        """Return what `transform` does."""
        return self.fit(X).transform(X)

    def get_feature_names_out(self, input_features: Optional[Any] = None) -> np.ndarray:
        """Return the names of the columns."""
        smile = self._smile()
        if smile.feature_level is FeatureLevel.Functionals:
            return np.array(smile.feature_names, object)
        return np.array([f'{name}_{what}' for what in ('amean', 'stddev')
                         for name in smile.feature_names], object)

    def _smile(self) -> Smile:
        level = FeatureLevel.LowLevelDescriptors
        if self.feature_set == 'is09':
            level = FeatureLevel.Functionals
        return Smile(self.feature_set, level, resample=True)

    def _row(self, smile: Smile, each: Any) -> np.ndarray:
        if isinstance(each, np.ndarray) and each.dtype.kind == 'f':
            values = smile(each, self.sampling_rate)[0].T
        else:
            values = smile.process_file(str(each)).to_numpy()
        if smile.feature_level is FeatureLevel.Functionals:
            return values[0]
        if not len(values):
            return np.full(2 * smile.num_features, np.nan)
        return np.concatenate((values.mean(axis=0), values.std(axis=0)))

    def __repr__(self) -> str:
        return f'SmileTransformer(feature_set={self.feature_set!r})'

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import Tags, TargetTags, TransformerTags
        return Tags(estimator_type='transformer', target_tags=TargetTags(required=False),
                    transformer_tags=TransformerTags(), requires_fit=False)
