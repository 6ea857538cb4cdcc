// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// What is happening now, as the robot says it, and what the caregiver asks for.

import { drawRhythm, showLearnt, why } from './learnt.js';
import { $, announce, isLost, lastHeard, post, robotNow, say, setText, showLink, start } from './link.js';
import { watchPhones } from './phones.js';
import { drawDay, drawWeek, fillEpisodes, upToNow } from './timeline.js';
import { at, lasting, loudness, onDay } from './words.js';

const { body } = document;
let state = null;            // the newest word of the robot
let diary = { available: false, why: 'The diary has not been read yet', episodes: [], events: [] };
let diaryVersion = null;
let diaryWanted = false;

// --- what is happening ----------------------------------------------------------------------------

const HEADLINES = {
  starting: ['Starting', 'Nothing has been heard yet.'],
  quiet: ['Quiet', ''],
  crying: ['Crying', ''],
  no_audio: ['No sound arrives', 'The microphone is silent or gone: whether the baby cries is not known.'],
  disabled: ['Not listening', 'Listening is switched off: whether the baby cries is not known.'],
  no_detector: ['The detector has stopped', 'Whether the baby cries is not known.'],
};

function show() {
  if (!$('door').hidden) return;
  const link = showLink(state !== null);
  if (state === null) {
    if (link === 'lost') {
      setText('headline', 'Connection lost');
      setText('since', 'The robot can’t be reached. Trying again.');
      announce('Connection lost.');
    }
    return;
  }
  const now = robotNow();
  const lost = link === 'lost';
  const shown = lost ? 'lost' : state.state;
  if (body.dataset.state !== shown) body.dataset.state = shown;
  setText('crib', state.crib || 'Crib');
  showHeadline(lost, now);
  showFacts(lost);
  showLearnt(state, lost);
  showProven(lost);
  showAlert(lost, now);
  showRobot(lost, now);
  for (const button of document.querySelectorAll('#page button')) button.disabled = lost;
}

function showHeadline(lost, now) {
  const [words, usual] = HEADLINES[state.state] ?? HEADLINES.starting;
  const remark = state.why ? `${state.why}: whether the baby cries is not known.` : usual;
  if (lost) {
    setText('headline', 'Connection lost');
    setText('since', `Last heard from at ${at(lastHeard())}`);
    setText('remark', `What it said then (${words.toLowerCase()}) may no longer hold. Trying again.`);
  } else {
    setText('headline', words);
    const known = state.state !== 'starting' && state.since_ms > 0;
    setText('since', known ? `since ${at(state.since_ms)} · ${lasting(now - state.since_ms)}` : '');
    const wasCrying = state.state !== 'quiet' && state.state !== 'crying' && state.episode;
    setText('remark', remark + (wasCrying ? ` It last cried at ${at(state.episode.end_ms)}.` : ''));
  }
  $('remark').hidden = !$('remark').textContent;
  document.title = `${$('headline').textContent} – ${state.crib || 'Crib'}`;
  announce(lost ? 'Connection lost.' : `${words}.${remark ? ` ${remark}` : ''}`);
}

// When the ear was last proven to hear: quiet says nothing where it was not.
function showProven(lost) {
  const heard = state.proven_ms;
  $('proven').hidden = lost || heard === null;
  if ($('proven').hidden) return;
  setText('proven', `Last self-test heard: ${heard ? onDay(heard) : 'never'}`);
}

function showFacts(lost) {
  const crying = state.state === 'crying';
  $('facts').hidden = lost || state.cry_probability === null;
  $('hard-row').hidden = $('why-row').hidden = !crying;
  if ($('facts').hidden) return;
  const percent = (share) => `${Math.min(99, Math.round(100 * share))} %`;
  const checked = state.checked ? `, ${state.checked}` : '';
  setText('sure', crying ? `${percent(state.cry_probability)} crying${checked}` : `${percent(1 - state.cry_probability)} quiet`);
  if (!crying) return;
  const hard = Math.round(100 * (state.intensity ?? 0));
  setText('hard', loudness(state.intensity));
  $('hard-bar').setAttribute('aria-valuenow', hard);
  $('hard-bar').setAttribute('aria-valuetext', loudness(state.intensity));
  $('hard-bar').firstElementChild.style.width = `${hard}%`;
  setText('why', why(state));
}

function showAlert(lost, now) {
  const { alert, alerter } = state;
  const snoozed = state.snoozed_until_ms !== null && state.snoozed_until_ms > now;
  const calling = alert !== null && !alert.acknowledged && !lost;
  $('alert').classList.toggle('calling', calling);
  let text;
  if (lost) {
    text = 'Whether you are called is not known while the connection is lost.';
  } else if (alert !== null) {
    // What was said then is not true for ever: 'crying for 1 s' stays until it is said again.
    text = `${at(alert.said_ms)}: ${alert.text || 'The baby needs somebody.'}`;
    if (alert.acknowledged) text = `${alert.acknowledged_by || 'Somebody'} has taken it over. ${text}`;
  } else if (alerter === 'absent') {
    text = 'Alerts are not running: nothing will call you.';
  } else if (alerter === 'deaf') {
    text = 'Alerts are on, but hear nothing.';
  } else {
    text = snoozed ? '' : 'You will be called when it matters.';
  }
  if (snoozed && !lost) text += ` Snoozed until ${at(state.snoozed_until_ms)}: nothing calls you before.`;
  setText('alert-text', text.trim());
  $('acknowledge').hidden = !calling || !state.can.acknowledge;
  $('snooze-row').hidden = !state.can.snooze || snoozed;
  $('wake').hidden = !state.can.snooze || !snoozed;
}

function showRobot(lost, now) {
  const words = { rocking: 'Rocks', sound: 'Plays a soothing sound' };
  const doing = state.doing.filter((action) => words[action.kind]);
  $('robot').hidden = !state.can.stop_rocking && !doing.length;
  setText('doing', lost ? 'Not known while the connection is lost.' : doing.length
    ? doing.map((action) => `${words[action.kind]} since ${at(action.since_ms)} (${lasting(now - action.since_ms)}).`).join(' ')
    : 'At rest.');
  $('stop').classList.toggle('main', doing.some((action) => action.kind === 'rocking'));
}

function showDiary() {
  const now = robotNow();
  const present = upToNow(diary, state?.state === 'crying' && !isLost() ? state.episode?.id : '', now);
  drawDay(present, now);
  drawWeek(present, now);
  drawRhythm(present);
  showEpisodes();
}

function showEpisodes() {
  const some = fillEpisodes($('episode'), diary, state?.episode ?? null, robotNow());
  const can = state?.can.label ?? false;
  $('label-form').hidden = !some || !can;
  $('label-none').hidden = some && can;
  setText('label-none', can ? 'Nothing has been heard to cry yet.' : 'The diary is not running: nothing can be written down.');
  $('care-form').hidden = !(state?.can.care ?? false);
  $('care-none').hidden = !$('care-form').hidden;
}

// --- states and the diary --------------------------------------------------------------------------

function hear(newest) {
  const before = state;
  state = newest;
  show();
  if (JSON.stringify([before?.episode, before?.can]) !== JSON.stringify([state.episode, state.can])) showEpisodes();
  if (state.history !== diaryVersion) readDiary();
  if (before?.state !== state.state) showDiary();
}

async function readDiary() {
  diaryWanted = true;
  if (readDiary.busy) return;
  readDiary.busy = true;
  while (diaryWanted) {
    diaryWanted = false;
    const version = state.history;
    try {
      const answer = await fetch('api/history', { cache: 'no-store' });
      if (answer.ok) {
        diary = await answer.json();
        diaryVersion = version;
        showDiary();
      }
    } catch {
      // Tried again with the next state.
    }
    // What was just written is read a little later by a diary that writes in batches.
    await new Promise((done) => { setTimeout(done, 1000); });
  }
  readDiary.busy = false;
}

// --- the buttons ----------------------------------------------------------------------------------

const KEYED = ['care', 'label'];

function newKey() {
  // Not randomUUID: a browser has it for https and this machine alone.
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join('-');
}

// What was sent without an answer and is tapped again soon is entered once, also where the page was
// loaded anew meanwhile. Later it is another bottle, and for another episode another label.
const KEY_LASTS_MS = 180000;

function keptKey(name) {
  let kept = null;
  try {
    kept = JSON.parse(sessionStorage.getItem(name));
  } catch { /* nothing is kept here, or nonsense */ }
  const age = kept ? Date.now() - kept.at : -1;
  if (!(age >= 0 && age < KEY_LASTS_MS) || typeof kept.key !== 'string') {
    kept = { key: newKey(), at: Date.now() };
  }
  keepKey(name, JSON.stringify(kept));
  return kept.key;
}

function keepKey(name, text) {
  try {
    if (text) sessionStorage.setItem(name, text); else sessionStorage.removeItem(name);
  } catch { /* then a page that is loaded anew does not know it */ }
}

function onTap(button, answerId, action, values, done) {
  button.addEventListener('click', async () => {
    if (button.dataset.busy) return;
    button.dataset.busy = 'yes';
    const asked = values();
    const name = `key ${action} ${asked.kind ?? asked.label} ${asked.episode_id ?? ''}`;
    const key = KEYED.includes(action) ? { key: keptKey(name) } : {};
    const { ok, message } = await post(action, { who: $('who').value, ...asked, ...key });
    delete button.dataset.busy;
    if (ok) keepKey(name, '');
    say(answerId, ok, ok && done ? done() : message);
  });
}

onTap($('acknowledge'), 'alert-answer', 'acknowledge', () => ({ alert_id: state.alert?.id ?? '' }), () => 'Noted: you are on it');
onTap($('snooze'), 'alert-answer', 'snooze', () => ({ minutes: Number($('snooze-minutes').value) }));
onTap($('wake'), 'alert-answer', 'snooze', () => ({ minutes: 0 }), () => 'Alerts are on again');
onTap($('stop'), 'robot-answer', 'stop_rocking', () => ({}), () => 'The robot was told to stop');

for (const button of document.querySelectorAll('[data-care]')) {
  onTap(button, 'care-answer', 'care', () => ({
    kind: button.dataset.care, minutes_ago: Number($('ago').value), text: $('note').value,
  }), () => {
    $('ago').value = '0';
    $('note').value = '';
    return `Written down: ${button.dataset.care}`;
  });
}

for (const button of document.querySelectorAll('[data-label]')) {
  onTap(button, 'label-answer', 'label', () => ({
    episode_id: $('episode').value, label: button.dataset.label,
  }), () => `Written down: ${button.textContent.toLowerCase()}`);
}
const about = (label, episode) => () => ({ episode_id: state.learnt?.[episode] ?? '', label: label() });
onTap($('confirm'), 'confirm-answer', 'label', about(() => state.learnt?.need ?? '', 'episode_id'), () => 'Thank you: noted');
onTap($('undo'), 'confirm-answer', 'label', about(() => 'unknown', 'noted_episode_id'), () => 'Taken back');
onTap($('forget'), 'forget-answer', 'forget_learnt', () => ({}), () => 'Forgotten');
onTap($('say'), 'label-answer', 'label', () => ({ episode_id: $('episode').value, label: $('words').value }), () => {
  const words = $('words').value;
  $('words').value = '';
  return `Written down: ${words}`;
});
$('episode').addEventListener('change', () => { $('episode').dataset.touched = 'yes'; });

// --- start ----------------------------------------------------------------------------------------

const listPhones = watchPhones(post, say);
showDiary();
setInterval(showDiary, 60e3);
start({ hear, show, welcome: listPhones, title: 'Baby cry detector' });

if (window.isSecureContext && 'serviceWorker' in navigator) {
  navigator.serviceWorker.register('sw.js').catch(() => {});
}
