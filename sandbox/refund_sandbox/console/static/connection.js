/** Hears what happens in the workspace, by server-sent events over fetch: unlike EventSource it can send the admin token. */

import { admission, base } from './api.js';

const listeners = { request: new Set(), delivery: new Set(), world: new Set(), state: new Set() };
let last = null;
let state = 'connecting';
let wasLive = false;
let waited = 0;
let hurry = () => {};
let leave = () => {};

/** Calls back on `request`, `delivery`, `world`, or `state` (connecting, live, lost, locked). Gives a function that ends it. */
export function listen(kind, hear) {
  listeners[kind].add(hear);
  return () => listeners[kind].delete(hear);
}

export const current = () => state;

function say(kind, document) {
  for (const hear of [...listeners[kind]]) hear(document);
}

function become(next) {
  if (next === state) return;
  state = next;
  say('state', state);
  if (state === 'live' && wasLive) say('world', {}); // what was missed is read again
  wasLive ||= state === 'live';
}

/**
 * Listens while the page is seen; a connection that breaks is opened again, and goes on after the last event that it had.
 * A page that nobody sees leaves its connection to others: browsers have six for all pages of a server.
 */
export async function stayConnected() {
  document.addEventListener('visibilitychange', () => (document.hidden ? leave() : tryNow()));
  for (;;) {
    const status = document.hidden ? 0 : await hear().catch(() => 0);
    become(document.hidden ? 'connecting' : status === 401 ? 'locked' : 'lost');
    waited = Math.min(waited ? waited * 2 : 250, 4000);
    await new Promise((go) => {
      hurry = go;
      if (!document.hidden) setTimeout(go, waited);
    });
  }
}

/** Tries again now, because something has changed. */
export function tryNow() {
  waited = 0;
  hurry();
}

/** Hears until the connection ends. Gives the status where the sandbox refuses. */
async function hear() {
  const headers = { ...admission(), ...(last ? { 'Last-Event-ID': last } : {}) };
  const away = new AbortController();
  leave = () => away.abort();
  const reply = await fetch(`${base}/_sandbox/events`, { headers, cache: 'no-store', signal: away.signal });
  if (!reply.ok) return reply.status;
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return 0;
    become('live');
    waited = 0;
    text += value;
    const events = text.split('\n\n');
    text = events.pop();
    events.forEach(take);
  }
}

function take(event) {
  const lines = Object.fromEntries(event.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)));
  if (!lines.event || !listeners[lines.event]) return;
  if (lines.id) last = lines.id;
  say(lines.event, JSON.parse(lines.data));
}
