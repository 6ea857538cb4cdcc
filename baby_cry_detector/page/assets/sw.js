// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// The page opens from the home screen even while the robot is away, and then says that it is. The
// robot's own files always win; what it says (/api/) is never kept.

// Where this page is: at the root, or behind a proxy under a path, beside another crib's page.
const BASE = new URL('./', self.location).pathname;
const KEPT = `caregiver-page-4 ${BASE}`;
const FILES = ['', 'page.css', 'page.js', 'learnt.js', 'link.js', 'phones.js', 'timeline.js', 'words.js', 'manifest.webmanifest', 'icon.svg']
  .map((name) => BASE + name);

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(caches.keys()
    .then((names) => Promise.all(names.filter((name) => name.endsWith(` ${BASE}`) && name !== KEPT).map((name) => caches.delete(name))))
    .then(() => self.clients.claim()));
});

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== location.origin || !FILES.includes(url.pathname)) return;
  event.respondWith(fetch(event.request).then((answer) => {
    if (answer.ok) {
      const copy = answer.clone();
      event.waitUntil(caches.open(KEPT).then((cache) => cache.put(url.pathname, copy)));
    }
    return answer;
  }).catch(() => caches.match(url.pathname).then((kept) => kept ?? Response.error())));
});
