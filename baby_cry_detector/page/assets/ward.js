// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// Every crib of a ward: those that are not heard first, then those that cry.

import { $, announce, isLost, lastHeard, post, robotNow, say, setText, showLink, start } from './link.js';
import { watchPhones } from './phones.js';
import { at, element, lasting, loudness, NEED_WORDS } from './words.js';

const { body } = document;
let state = null;            // the newest word of the ward's machine
let mayAct = false;
const lines = new Map();     // what is on the page for each crib

const STATES = {
  doubled: ['Two robots under this name', 'What they say contradicts: whether the baby cries is not known.'],
  no_detector: ['Not heard: the robot is silent', 'Whether the baby cries is not known.'],
  starting: ['Not heard: nothing has come yet', 'Whether the baby cries is not known.'],
  no_audio: ['Not heard: no sound arrives', 'Whether the baby cries is not known.'],
  disabled: ['Not heard: listening is switched off', 'Whether the baby cries is not known.'],
  crying: ['Crying', ''],
  quiet: ['Quiet', ''],
};

/** Say how many cribs, in words. */
const cribs = (count) => (count === 1 ? '1 crib' : `${count} cribs`);

function show() {
  if (!$('door').hidden) return;
  const link = showLink(state !== null);
  if (state === null) {
    if (link === 'lost') {
      setText('headline', 'Connection lost');
      announce('Connection lost.');
    }
    return;
  }
  const lost = link === 'lost';
  body.dataset.state = lost ? 'lost' : 'live';
  showSum(lost);
  const now = robotNow();
  for (const crib of state.cribs) showCrib(crib, lost, now);
}

function showSum(lost) {
  const { count } = state;
  const parts = [];
  if (count.not_heard) parts.push(`${cribs(count.not_heard)} not heard`);
  if (count.crying) parts.push(`${count.crying} crying`);
  if (count.quiet) parts.push(`${count.quiet} quiet`);
  const words = parts.join(', ') || 'No crib is known';
  setText('headline', lost ? 'Connection lost' : words);
  const remarks = [];
  if (lost) remarks.push(`Last heard from at ${at(lastHeard())}. What is below may no longer hold. Trying again.`);
  if (state.crowded_out) remarks.push(`${cribs(state.crowded_out)} more than can be watched.`);
  setText('remark', remarks.join(' '));
  $('remark').hidden = !remarks.length;
  document.title = `${$('headline').textContent} – Ward`;
  announce(lost ? 'Connection lost.' : `${words}.`);
}

/** Return the line of a crib, made once. */
function lineOf(name) {
  if (lines.has(name)) return lines.get(name);
  const item = element('li');
  const title = element('h2');
  const link = element('a');
  title.append(link);
  const line = { item, link, words: element('p', 'state'), more: element('p', 'more'), go: element('button', 'main', 'I’m on it') };
  line.go.type = 'button';
  item.append(title, line.words, line.more, line.go);
  line.go.addEventListener('click', async () => {
    if (line.go.dataset.busy) return;
    line.go.dataset.busy = 'yes';
    const crib = state.cribs.find((one) => one.name === name);
    const { ok, message } = await post('acknowledge', { who: $('who').value, crib: name, alert_id: crib?.alert?.id ?? '' });
    delete line.go.dataset.busy;
    say('answer', ok, ok ? `${crib?.crib ?? name}: noted, you are on it` : `${crib?.crib ?? name}: ${message}`);
  });
  lines.set(name, line);
  return line;
}

function text(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

function showCrib(crib, lost, now) {
  const line = lineOf(crib.name);
  const [words, meaning] = STATES[crib.state] ?? STATES.starting;
  line.item.dataset.state = crib.state;
  line.item.classList.toggle('deaf', crib.state !== 'crying' && crib.state !== 'quiet');
  text(line.link, crib.crib);
  // A link only where there is a page; a script or another scheme is none.
  if (/^https?:\/\//.test(crib.page)) line.link.href = crib.page; else line.link.removeAttribute('href');
  text(line.words, lost ? `${words} when it was last heard` : words);
  const facts = [];
  if (crib.why) facts.push(`${crib.why}.`);
  if (meaning) facts.push(meaning);
  if (crib.since_ms > 0) facts.push(`Since ${at(crib.since_ms)}, ${lasting(now - crib.since_ms)}.`);
  if (crib.state === 'crying') {
    facts.push(`Cries ${loudness(crib.intensity)}${crib.checked ? `, ${crib.checked}` : ''}.`);
    if (crib.need && crib.need !== 'unknown' && NEED_WORDS[crib.need]) facts.push(`Perhaps ${NEED_WORDS[crib.need]}.`);
  }
  if (crib.alert?.acknowledged) facts.push(`${crib.alert.acknowledged_by || 'Somebody'} is on it.`);
  else if (crib.alert) facts.push('Nobody is on it yet.');
  if (crib.alerter === 'absent' && (crib.state === 'crying' || crib.state === 'quiet')) facts.push('Its alerts are not running.');
  if (crib.clock_off_s) facts.push(`Its clock is ${Math.abs(crib.clock_off_s)} s ${crib.clock_off_s > 0 ? 'ahead' : 'behind'}.`);
  text(line.more, facts.join(' '));
  line.go.hidden = !mayAct || !crib.alert || crib.alert.acknowledged || !crib.can_acknowledge;
  line.go.disabled = lost;
  line.go.setAttribute('aria-label', `I’m on it: ${crib.crib}`);
}

function hear(newest) {
  state = newest;
  const wanted = state.cribs.map((crib) => lineOf(crib.name).item);
  // Moved only where the order has changed: what has the focus keeps it.
  if (wanted.some((item, index) => $('cribs').children[index] !== item) || $('cribs').children.length !== wanted.length) {
    const focused = document.activeElement;
    $('cribs').replaceChildren(...wanted);
    if (focused && focused !== document.activeElement && focused.isConnected) focused.focus();
  }
  show();
}

async function readRole() {
  try {
    const answer = await fetch('api/role', { cache: 'no-store' });
    mayAct = answer.ok && (await answer.json()).role === 'act';
  } catch {
    mayAct = false;
  }
  if (state !== null && !isLost()) show();
}

const listPhones = watchPhones(post, say);
readRole();
start({ hear, show, welcome: () => { readRole(); listPhones(); }, title: 'Ward' });
