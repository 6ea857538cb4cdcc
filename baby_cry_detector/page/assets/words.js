// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// Times, needs and loudness in words. Everything that somebody wrote becomes text nodes only.

const clock = new Intl.DateTimeFormat([], { hour: '2-digit', minute: '2-digit' });

const day = new Intl.DateTimeFormat([], { day: 'numeric', month: 'short' });

export const NEED_WORDS = {
  angry: 'angry', hungry: 'hungry', pain: 'in pain', belly_pain: 'belly pain', sad: 'sad', tired: 'tired',
  discomfort: 'uncomfortable', burping: 'needs to burp', cold_hot: 'too cold or too hot',
  lonely: 'lonely', scared: 'scared', unknown: 'nobody knows what',
};

// The words of the alerts (behaviours/alert_words.py); a test compares them.
const HARDNESS = [[0.25, 'softly'], [0.45, 'moderately'], [0.7, 'hard'], [Infinity, 'very hard']];

export function at(ms) {
  return clock.format(ms);
}

export function onDay(ms) {
  return `${day.format(ms)} ${clock.format(ms)}`;
}

export function lasting(ms) {
  const minutes = Math.floor(ms / 60e3);
  if (ms < 60e3) return `${Math.max(0, Math.floor(ms / 1e3))} s`;
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function loudness(intensity) {
  if (intensity === null) return '';
  const [, word] = HARDNESS.find(([below]) => intensity < below);
  return word;
}

export function sentence(text) {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(whole) ? whole : `${whole}.`;
}

export function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
