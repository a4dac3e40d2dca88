/** Receives events of the workspace: server-sent events over fetch, because EventSource can't send the admin token. */

import { adminHeaders, base } from './api.js';

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 4000;
const listeners = { request: new Set(), delivery: new Set(), world: new Set(), state: new Set() };
let lastEventId = null;
let state = 'connecting';
let wasConnected = false;
let retryMs = 0;
let stopWaiting = () => {};
let disconnect = () => {};

/**
 * Calls back on `request`, `delivery`, `world` (the data of the workspace changed) or `state` (connecting, connected,
 * reconnecting, locked). Returns a function that removes the listener.
 */
export function listen(kind, callback) {
  listeners[kind].add(callback);
  return () => listeners[kind].delete(callback);
}

export const connectionState = () => state;

function emit(kind, document) {
  for (const callback of [...listeners[kind]]) callback(document);
}

function setState(next) {
  if (next === state) return;
  state = next;
  emit('state', state);
  if (state === 'connected' && wasConnected) emit('world', {}); // events may have been missed: views read again
  wasConnected ||= state === 'connected';
}

/**
 * Receives events while the page is visible. After a lost connection it connects again and asks for events since the last one.
 * A hidden page disconnects: browsers allow six connections for all pages of a server.
 */
export async function connect() {
  document.addEventListener('visibilitychange', () => (document.hidden ? disconnect() : reconnectNow()));
  for (;;) {
    const status = document.hidden ? 0 : await receive().catch(() => 0);
    setState(document.hidden ? 'connecting' : status === 401 ? 'locked' : 'reconnecting');
    retryMs = Math.min(retryMs ? retryMs * 2 : FIRST_RETRY_MS, LONGEST_RETRY_MS);
    await new Promise((resolve) => {
      stopWaiting = resolve;
      if (!document.hidden) setTimeout(resolve, retryMs);
    });
  }
}

/** Connects without waiting for the next retry. */
export function reconnectNow() {
  retryMs = 0;
  stopWaiting();
}

/** Receives until the connection ends. Returns the status of a refusal, 0 otherwise. */
async function receive() {
  const headers = { ...adminHeaders(), ...(lastEventId ? { 'Last-Event-ID': lastEventId } : {}) };
  const controller = new AbortController();
  disconnect = () => controller.abort();
  const reply = await fetch(`${base}/_sandbox/events`, { headers, cache: 'no-store', signal: controller.signal });
  if (!reply.ok) return reply.status;
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return 0;
    setState('connected');
    retryMs = 0;
    text += value;
    const events = text.split('\n\n');
    text = events.pop();
    events.forEach(handleEvent);
  }
}

function handleEvent(event) {
  const lines = Object.fromEntries(event.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)));
  if (!lines.event || !listeners[lines.event]) return;
  if (lines.id) lastEventId = lines.id;
  emit(lines.event, JSON.parse(lines.data));
}
