// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// The diary as strips and lists. Everything that somebody wrote becomes text nodes only.

import { at, element, lasting, loudness, NEED_WORDS, sentence } from './words.js';

const HOUR = 3600e3;
const DAY = 24 * HOUR;
const LISTED = 6;

const hour = new Intl.DateTimeFormat([], { hour: 'numeric' });
const weekday = new Intl.DateTimeFormat('en', { weekday: 'short' });

const CARE_WORDS = { fed: 'fed', slept: 'slept', changed: 'changed', burped: 'burped', comforted: 'comforted', note: 'note', rocking: 'rocking',
  sound: 'soothing sound', acknowledged: 'taken over', snoozed: 'alerts snoozed' };
const LANES = ['fed', 'changed', 'slept'];

// --- strips ---------------------------------------------------------------------------------------

function drawStrip(strip, from, to, diary) {
  const share = (ms) => 100 * Math.min(1, Math.max(0, (ms - from) / (to - from)));
  strip.replaceChildren(...diary.episodes.filter((e) => e.end_ms >= from && e.start_ms <= to).map((episode) => {
    const bar = element('span', 'cry');
    bar.style.left = `${share(episode.start_ms)}%`;
    bar.style.width = `${share(episode.end_ms) - share(episode.start_ms)}%`;
    bar.style.height = `${45 + 55 * (episode.intensity ?? 0.5)}%`;
    return bar;
  }));
}

/** Draw a dot for each time that something was done. */
function drawLane(lane, kind, from, to, diary) {
  lane.replaceChildren(...diary.events.filter((e) => e.kind === kind && e.ms >= from && e.ms <= to).map((event) => {
    const dot = element('span', 'care');
    dot.style.left = `clamp(.3rem, ${100 * (event.ms - from) / (to - from)}%, calc(100% - .3rem))`;
    return dot;
  }));
}

export function drawHours(box, ticks) {
  box.replaceChildren(...ticks.map(([share, text]) => {
    const tick = element('span', '', text);
    tick.style.left = `${100 * share}%`;
    if (share < 0.04) tick.style.transform = 'none';
    if (share > 0.96) tick.style.transform = 'translateX(-100%)';
    return tick;
  }));
}

function summed(diary, from, to) {
  let total = 0;
  let times = 0;
  for (const episode of diary.episodes) {
    const end = Math.min(episode.end_ms, to);
    if (end <= from || episode.start_ms >= to) continue;
    total += end - Math.max(episode.start_ms, from);
    times += 1;
  }
  return { total, times };
}

function inWords({ total, times }) {
  if (!times) return 'no crying';
  return `cried ${times === 1 ? 'once' : `${times} times`}, ${lasting(total)} in all`;
}

// --- lists ----------------------------------------------------------------------------------------

function episodeLine(episode) {
  const facts = [`cried ${lasting(episode.end_ms - episode.start_ms)}`];
  if (episode.intensity !== null) facts[0] += `, ${loudness(episode.intensity)}`;
  if (episode.now) facts.push('still does');
  if (episode.confirmation === 'refused') facts.push('not confirmed');
  if (episode.label) facts.push(`it was: ${NEED_WORDS[episode.label] ?? episode.label}`);
  else if (NEED_WORDS[episode.need] && episode.need !== 'unknown') facts.push(`perhaps ${NEED_WORDS[episode.need]}`);
  if (episode.acknowledged_by) facts.push(`taken over by ${episode.acknowledged_by}`);
  return { ms: episode.start_ms, when: at(episode.start_ms), what: facts.join(' · ') };
}

function eventLine(event) {
  const facts = [CARE_WORDS[event.kind]];
  if (event.kind === 'note') facts.pop();
  if (event.text) facts.push(event.text);
  if (event.who) facts.push(event.who);
  return { ms: event.ms, when: at(event.ms), what: facts.join(' · ') };
}

function item({ when, what }) {
  const line = element('li');
  line.append(element('span', 'when', when), element('span', '', what));
  return line;
}

/** Return the diary with the present episode up to now; nothing else may be going on. */
export function upToNow(diary, presentId, now) {
  return { ...diary, episodes: diary.episodes.map((e) => (
    e.open && e.id === presentId ? { ...e, end_ms: Math.max(e.end_ms, now), now: true } : e)) };
}

// --- what the page calls --------------------------------------------------------------------------

/** Draw the last 24 hours. */
export function drawDay(diary, now) {
  const from = now - DAY;
  drawStrip(document.getElementById('day-strip'), from, now, diary);
  for (const kind of LANES) drawLane(document.getElementById(`day-${kind}`), kind, from, now, diary);
  const ticks = [];
  const first = new Date(from);
  first.setMinutes(0, 0, 0);
  for (let ms = first.getTime() + HOUR; ms <= now; ms += HOUR) {
    if (new Date(ms).getHours() % 6 === 0) ticks.push([(ms - from) / DAY, hour.format(ms)]);
  }
  const marks = ticks.filter(([share]) => share > 0.05 && share < 0.85);
  drawHours(document.getElementById('day-hours'), [...marks, [1, 'now']]);
  document.getElementById('day-sum').textContent = sentence(
    diary.available ? inWords(summed(diary, from, now)) : diary.why);
  const lines = [
    ...diary.episodes.filter((e) => e.end_ms >= from).map(episodeLine),
    ...diary.events.filter((e) => e.ms >= from && CARE_WORDS[e.kind]).map(eventLine),
  ].sort((a, b) => b.ms - a.ms);
  document.getElementById('day-list').replaceChildren(...lines.slice(0, LISTED).map(item));
  document.getElementById('day-rest').replaceChildren(...lines.slice(LISTED).map(item));
  document.getElementById('day-more').hidden = lines.length <= LISTED;
  document.getElementById('day-more-title').textContent = `Earlier (${lines.length - LISTED})`;
}

/** Draw the last seven days, each from midnight to midnight, the present one first. */
export function drawWeek(diary, now) {
  const rows = [];
  const day = new Date(now);
  day.setHours(0, 0, 0, 0);
  for (let back = 0; back < 7; back += 1) {
    const from = day.getTime();
    const next = new Date(day);
    next.setDate(next.getDate() + 1);          // not always 24 hours later
    const sum = summed(diary, from, next.getTime());
    const row = element('div', 'week-row');
    row.setAttribute('role', 'listitem');
    const strip = element('div', 'strip');
    strip.setAttribute('aria-hidden', 'true');
    drawStrip(strip, from, next.getTime(), diary);
    const total = element('span', 'total', sum.times ? lasting(sum.total) : '–');
    total.setAttribute('aria-hidden', 'true');
    row.append(element('span', '', back ? `${weekday.format(from)} ${day.getDate()}` : 'Today'), strip, total,
      element('span', 'unseen', inWords(sum)));
    rows.push(row);
    day.setDate(day.getDate() - 1);
  }
  document.getElementById('week-rows').replaceChildren(...rows);
  drawHours(document.getElementById('week-hours'), [0, 6, 12, 18, 24].map((hour) => [hour / 24, String(hour)]));
}

/** Fill the choice of episodes to label, newest first, keeping what is chosen. */
export function fillEpisodes(select, diary, present, now) {
  const choices = diary.episodes.filter((e) => e.end_ms >= now - DAY).map((e) => ({
    id: e.id,
    text: `${at(e.start_ms)}, ${lasting(e.end_ms - e.start_ms)}${e.label ? ` – ${NEED_WORDS[e.label] ?? e.label}` : ''}`,
  })).reverse();
  if (present && !choices.some((choice) => choice.id === present.id)) {
    choices.unshift({ id: present.id, text: `${at(present.onset_ms)}, ${lasting(present.end_ms - present.onset_ms)}` });
  }
  const wanted = JSON.stringify(choices);
  if (select.dataset.choices !== wanted) {
    const chosen = select.dataset.touched ? select.value : '';
    select.replaceChildren(...choices.slice(0, 40).map(({ id, text }) => {
      const option = element('option', '', text);
      option.value = id;
      return option;
    }));
    if (chosen && choices.some((choice) => choice.id === chosen)) select.value = chosen;
    select.dataset.choices = wanted;
  }
  return choices.length > 0;
}
