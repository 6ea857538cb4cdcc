// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// The connection of a page to the machine that serves it: states as they come, the token, what is
// asked for. Used by the page of one crib and by that of a ward.

import { sentence } from './words.js';

// A state comes every second; what is older than this is not shown as the present.
export const LOST_MS = 5000;
const AGAIN_MS = 2000;
const ANSWER_MS = 45e3;       // so long the answer to a tap is shown

export const $ = (id) => document.getElementById(id);
const { body } = document;

let page = null;             // hear(state), show(), welcome(): see `start`
let heardAt = 0;             // when the newest state came, by this phone's steady clock
let ahead = 0;               // the other clock minus this phone's
let stream = null;
let attempts = 0;
let retry = 0;
let lastTry = 0;
let announced = '';
const forgotten = {};        // timers of the answers to taps

/** Return the time of the machine that serves the page, in milliseconds. */
export const robotNow = () => Date.now() + ahead;

/** Return when it was heard last, by its own clock. */
export const lastHeard = () => robotNow() - (performance.now() - heardAt);

export function setText(id, text) {
  const node = $(id);
  if (node.textContent !== text) node.textContent = text;
}

export function isLost() {
  return $('door').hidden && performance.now() - heardAt > LOST_MS;
}

/** Show how the connection is, and return it: connecting, lost or live. */
export function showLink(hasState) {
  const link = isLost() ? 'lost' : hasState ? 'live' : 'connecting';
  if (body.dataset.link !== link) body.dataset.link = link;
  setText('link', { connecting: 'Connecting', lost: 'Connection lost', live: 'Live' }[link]);
  return link;
}

/** Tell a screen reader what changed, and nothing else. */
export function announce(text) {
  if (text === announced) return;
  announced = text;
  $('announcer').textContent = text;
}

// --- states ---------------------------------------------------------------------------------------

function take(newest) {
  if (newest === null) return;
  heardAt = performance.now();
  ahead = newest.now_ms - Date.now();
  $('door').hidden = true;
  $('page').hidden = false;
  page.hear(newest);
}

async function connect() {
  const attempt = attempts += 1;
  clearTimeout(retry);
  stream?.close();
  stream = null;
  try {
    const answer = await fetch('api/state', { cache: 'no-store', signal: AbortSignal.timeout(LOST_MS) });
    const newest = answer.ok ? await answer.json() : null;
    if (attempt !== attempts) return;          // somebody else is at it
    if (answer.status === 401) {
      askForToken();
      return;
    }
    if (answer.ok) {
      take(newest);
      stream = new EventSource('api/events');
      stream.onmessage = (event) => take(JSON.parse(event.data));
      return;
    }
  } catch {
    // Not reached; tried again below.
  }
  if (attempt === attempts) retry = setTimeout(connect, AGAIN_MS);
}

/** Redo the connection when it has been silent for too long, whatever the browser thinks of it. */
function watch() {
  page.show();
  const now = performance.now();
  if (stream !== null && isLost() && now - Math.max(heardAt, lastTry) > 2 * LOST_MS) {
    lastTry = now;
    connect();
  }
}

// --- the token ------------------------------------------------------------------------------------

function askForToken() {
  stream?.close();
  stream = null;
  body.dataset.link = 'locked';
  $('page').hidden = true;
  $('door').hidden = false;
  setText('link', 'Locked');
  document.title = page.title;
}

async function showToken(token) {
  const { ok, message } = await post('session', { token, name: $('who').value });
  if (ok) {
    setText('door-answer', '');
    await connect();
    page.welcome();
  } else {
    askForToken();
    say('door-answer', false, message);
  }
}

// --- what is asked for -----------------------------------------------------------------------------

export async function post(action, values) {
  try {
    const answer = await fetch(`api/${action}`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(values),
    });
    if (answer.status === 401) askForToken();
    return await answer.json();
  } catch {
    return { ok: false, message: 'not sent: there is no connection' };
  }
}

export function say(id, ok, message) {
  const node = $(id);
  node.classList.toggle('bad', !ok);
  node.textContent = sentence(message);
  clearTimeout(forgotten[id]);
  forgotten[id] = setTimeout(() => { node.textContent = ''; }, ANSWER_MS);
}

// --- start ----------------------------------------------------------------------------------------

/**
 * Connect, and go on connecting.
 *
 * @param {object} handlers hear(state): a new one; show(): draw, each second too; welcome(): the
 *   phone has shown the token; title: of the page while it is locked.
 */
export function start(handlers) {
  page = handlers;
  try {
    $('who').value = localStorage.getItem('who') ?? '';
    $('who').addEventListener('change', () => localStorage.setItem('who', $('who').value));
  } catch {
    // Without storage the name is typed anew.
  }
  $('door-form').addEventListener('submit', (event) => {
    event.preventDefault();
    showToken($('token').value);
  });
  setInterval(watch, 1000);
  document.addEventListener('visibilitychange', () => {
    // A phone that slept shows at once that it has not heard anything meanwhile.
    if (!document.hidden) {
      page.show();
      if (isLost()) connect();
    }
  });
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token) {
    history.replaceState(null, '', location.pathname);      // not to be bookmarked or shown over a shoulder
    showToken(token);
  } else {
    connect();
  }
}
