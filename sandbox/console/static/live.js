/** Hears what happens in the workspace, by server-sent events over fetch: unlike EventSource it can send the admin token. */

import { admission, base } from './api.js';

const listeners = { request: new Set(), delivery: new Set(), world: new Set(), state: new Set() };
let last = null;
let state = 'connecting';
let waited = 0;
let hurry = () => {};

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
  const returned = next === 'live' && state === 'lost';
  state = next;
  say('state', state);
  if (returned) say('world', {}); // what was missed is read again
}

/** Listens for good; a connection that breaks is opened again, and goes on after the last event that it had. */
export async function stayConnected() {
  for (;;) {
    const status = await hear().catch(() => 0);
    become(status === 401 ? 'locked' : 'lost');
    waited = Math.min(waited ? waited * 2 : 250, 4000);
    await new Promise((go) => {
      hurry = go;
      setTimeout(go, waited);
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
  const reply = await fetch(`${base}/_sandbox/events`, { headers, cache: 'no-store' });
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
