// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// Why it cries, as far as the robot knows this baby: in words, week by week, and the usual day.

import { drawHours } from './timeline.js';
import { element, NEED_WORDS, sentence } from './words.js';

// What a need is called after "it was".
const NOUNS = { hungry: 'hunger', tired: 'tiredness', discomfort: 'a wet nappy or discomfort', burping: 'wind',
  lonely: 'wanting company' };

const $ = (id) => document.getElementById(id);

function setText(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

/** Return why it cries, in a sentence. */
export function why(state) {
  const { learnt } = state;
  if (learnt?.reason && learnt.episode_id === state.episode?.id) return sentence(learnt.reason);
  const named = NEED_WORDS[state.need] && state.need !== 'unknown';
  return named ? `perhaps ${NEED_WORDS[state.need]} (${Math.min(99, Math.round(100 * (state.sure ?? 0)))} % sure)`
    : 'can’t tell from the sound';
}

/** Show what can be confirmed or taken back, and the record. */
export function showLearnt(state, lost) {
  const { learnt } = state;
  const can = !lost && state.can.label;
  $('confirm-row').hidden = !(can && learnt && state.state === 'crying' && learnt.need !== 'unknown'
    && learnt.episode_id === state.episode?.id);
  $('noted-row').hidden = !(can && learnt?.noted_need && NOUNS[learnt.noted_need]);
  if (!$('noted-row').hidden) setText('noted', `Noted: it was ${NOUNS[learnt.noted_need]}.`);
  $('learnt').hidden = !learnt;
  if (learnt) showRecord(learnt);
}

function showRecord(learnt) {
  let text = 'Tap what you did when the crying has stopped: from that it learns.';
  if (!learnt.ready) {
    text = 'It is still reading the diary.';
  } else if (learnt.of) {
    const base = NOUNS[learnt.base] ?? 'the commonest reason';
    text = `In the last four weeks it would have been right ${learnt.right} of ${learnt.of} times; always saying ${base}: ${learnt.base_right}. `
      + (learnt.names_needs ? 'So it tells you what it thinks.' : learnt.silent ? 'It does not tell you any more: it was no better than that.'
        : 'That is not enough to tell you yet.');
  }
  setText('learnt-text', text);
  const percent = (share) => `${Math.round(100 * share)} %`;
  $('learnt-sure').hidden = !(learnt.ready && learnt.of);
  setText('learnt-sure', $('learnt-sure').hidden ? '' : `Going by these, it is right between ${percent(learnt.between[0])} and ${percent(learnt.between[1])} `
    + `of the time. How sure it was differed from how often it was right by ${percent(learnt.off ?? 0)} on average.`);
  $('learnt-weeks').hidden = !learnt.weeks.some(([, of]) => of);
  const wanted = JSON.stringify(learnt.weeks);
  if ($('learnt-weeks').dataset.drawn === wanted) return;
  $('learnt-weeks').dataset.drawn = wanted;
  $('learnt-weeks').replaceChildren(...learnt.weeks.map(([right, of, base], index) => {
    const back = learnt.weeks.length - 1 - index;
    const row = element('div', 'week-row');
    row.setAttribute('role', 'listitem');
    const bar = element('div', 'strip');
    bar.setAttribute('aria-hidden', 'true');
    if (of) {
      const share = element('span', 'right');
      share.style.width = `${100 * right / of}%`;
      const mark = element('span', 'base');
      mark.style.left = `${100 * base / of}%`;
      bar.append(share, mark);
    }
    const total = element('span', 'total', of ? `${right} of ${of}` : '–');
    total.setAttribute('aria-hidden', 'true');
    const when = back ? `${back} wk ago` : 'Now';
    row.append(element('span', '', when), bar, total, element('span', 'unseen', of
      ? `right ${right} of ${of}; always saying the commonest: ${base}` : 'nothing yet'));
    return row;
  }).filter((_, index) => learnt.weeks[index][1]));
}

/** Draw at which hours it usually cries, is fed and put to sleep, from the days that are known. */
export function drawRhythm(diary) {
  const hours = (moments) => {
    const counts = new Array(24).fill(0);
    for (const ms of moments) counts[new Date(ms).getHours()] += 1;
    return counts;
  };
  const of = (kind) => hours(diary.events.filter((e) => e.kind === kind).map((e) => e.ms));
  const rows = { cried: hours(diary.episodes.map((e) => e.start_ms)), fed: of('fed'), slept: of('slept') };
  for (const [name, counts] of Object.entries(rows)) {
    const most = Math.max(1, ...counts);
    $(`rhythm-${name}`).replaceChildren(...counts.map((count, hour) => {
      const bar = element('span', name === 'cried' ? 'cry' : 'right');
      bar.style.left = `${100 * hour / 24}%`;
      bar.style.width = `${100 / 24}%`;
      bar.style.height = `${100 * count / most}%`;
      return bar;
    }));
  }
  drawHours($('rhythm-hours'), [0, 6, 12, 18, 24].map((hour) => [hour / 24, String(hour)]));
  const busiest = rows.cried.indexOf(Math.max(...rows.cried));
  setText('rhythm-text', diary.episodes.length
    ? `Over the last eight days it began to cry most often between ${busiest} and ${busiest + 1} o’clock.`
    : 'Nothing has been heard to cry in the last eight days.');
}
