/** Plays a story step by step in a workspace of its own, so that nobody else's world is touched. */

import { admission, call, control, read } from './api.js';

/** The headers of a caller as the stories name it: a key, or a user with a password. */
function headersOf(caller) {
  if (!caller.user) return caller;
  return { Authorization: `Basic ${btoa(caller.user)}` };
}

/** One story: `begin()` makes its world, `play()` does the next step and tells what came of it. */
export class Player {
  constructor(book, story) {
    this.story = story;
    this.within = `/w/stories-${story.id}`;
    this.place = 0;
    this.book = book;
  }

  get done() {
    return this.place >= this.story.steps.length;
  }

  /** The order that a step is about. */
  subject(step) {
    return { api: step.api || this.story.api, id: step.order || this.story.order };
  }

  async begin() {
    this.place = 0;
    for (const one of this.book.begin) await control(one.method, one.path, one.body, { within: this.within });
    this.last = await this.ledger(this.story.steps[0]);
    return this.last;
  }

  async ledger(step) {
    const { api, id } = this.subject(step);
    const { orders: [order] } = await read(`/${api}/orders?id=${id}`, { within: this.within });
    return order;
  }

  /** What a step sends, as curl and `call` want it. */
  request(step) {
    const { api } = this.subject(step);
    if (step.control) return { method: step.control.method, path: `/_sandbox${step.control.path}`, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(step.control.body) };
    const headers = { ...(step.call.body ? { 'Content-Type': 'application/json' } : {}), ...headersOf(this.book.callers[api]) };
    return { method: step.call.method, path: step.call.path, headers, body: step.call.body ? JSON.stringify(step.call.body) : '' };
  }

  async play() {
    const step = this.story.steps[this.place];
    const before = await this.ledger(step);
    const request = this.request(step);
    if (step.control) request.headers = { ...request.headers, ...admission() };
    const reply = await call(request, { within: this.within, timeout: step.call && step.call.timeout });
    const after = await this.ledger(step);
    this.place += 1;
    return { step, before, after, reply, surprises: surprises(step.expect, reply, after) };
  }
}

/** Where a step came out other than the story says. */
export function surprises(expected, reply, ledger) {
  const found = [];
  if (expected.broken && !reply.broken) found.push('a reply came, although none should');
  if (expected.status && expected.status !== reply.status) found.push(`status ${reply.status || 'none'}, not ${expected.status}`);
  if (expected.body && !(reply.text && holds(expected.body, JSON.parse(reply.text)))) found.push('another body');
  for (const [name, value] of Object.entries(expected.ledger || {})) {
    if (ledger[name] !== value) found.push(`${name} is ${ledger[name]}, not ${value}`);
  }
  return found;
}

/** Whether a document has at least what another one says. */
function holds(wanted, found) {
  if (wanted === null || typeof wanted !== 'object') return wanted === found;
  if (found === null || typeof found !== 'object') return false;
  return Object.entries(wanted).every(([name, value]) => holds(value, found[name]));
}
