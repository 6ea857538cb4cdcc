// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// Which phones have shown the token, and shutting one out.

import { at } from './words.js';

const $ = (id) => document.getElementById(id);

const day = (ms) => new Date(ms).toLocaleDateString([], { day: 'numeric', month: 'short' });

async function list(post, say) {
  let phones = [];
  try {
    const answer = await fetch('api/phones', { cache: 'no-store' });
    if (!answer.ok) return;
    phones = await answer.json();
  } catch {
    return;                        // the page says itself that the robot is away
  }
  $('phones').hidden = !phones.length;
  $('phones-list').replaceChildren(...phones.map((phone) => {
    const item = document.createElement('li');
    const own = phone.own ? 'This phone: ' : '';
    const only = phone.role === 'see' ? ', may only look' : '';
    item.textContent = `${own}${phone.name}${only}, used ${day(phone.used_ms)} ${at(phone.used_ms)} `;
    const out = document.createElement('button');
    out.type = 'button';
    out.textContent = 'Shut out';
    out.setAttribute('aria-label', `Shut out ${phone.name}`);
    out.addEventListener('click', async () => {
      const { ok, message } = await post('forget_phone', { id: phone.id });
      say('phones-answer', ok, message);
      list(post, say);
    });
    item.append(out);
    return item;
  }));
}

/** Keep the list of phones, read now and whenever it is looked at; return what reads it anew. */
export function watchPhones(post, say) {
  const read = () => list(post, say);
  $('phones-more').addEventListener('toggle', read);
  read();
  return read;
}
