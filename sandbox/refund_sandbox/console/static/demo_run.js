/** Runs a demo step by step in its own workspace, so that no other workspace changes. */

import { adminHeaders, baseOf, control, getControl, send } from './api.js';

/** Headers that authenticate a caller of demos.json: a key, or a user with a password. */
function callerHeaders(caller) {
  if (!caller.user) return caller;
  return { Authorization: `Basic ${btoa(caller.user)}` };
}

/** One run of a demo: `start()` prepares the workspace, `next()` runs the next step and returns its result. */
export class DemoRun {
  constructor(script, demo) {
    this.script = script;
    this.demo = demo;
    this.within = baseOf(`demo-${demo.id}`);
    this.position = 0;
  }

  get isDone() {
    return this.position >= this.demo.steps.length;
  }

  /** The order of a step: `{api, id}`. */
  orderOf(step) {
    return { api: step.api || this.demo.api, id: step.order || this.demo.order };
  }

  /** Prepares the workspace and returns the summary of the first step's order. */
  async start() {
    this.position = 0;
    for (const request of this.script.setup) await control(request.method, request.path, request.body, { within: this.within });
    return this.readOrder(this.demo.steps[0]);
  }

  async readOrder(step) {
    const { api, id } = this.orderOf(step);
    const { orders: [order] } = await getControl(`/${api}/orders?id=${id}`, { within: this.within });
    return order;
  }

  /** The request of a step, as `curl` and `send` take it. */
  request(step) {
    const { api } = this.orderOf(step);
    if (step.control) return { method: step.control.method, path: `/_sandbox${step.control.path}`, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(step.control.body) };
    const headers = { ...(step.call.body ? { 'Content-Type': 'application/json' } : {}), ...callerHeaders(this.script.callers[api]) };
    return { method: step.call.method, path: step.call.path, headers, body: step.call.body ? JSON.stringify(step.call.body) : '' };
  }

  async next() {
    const step = this.demo.steps[this.position];
    const before = await this.readOrder(step);
    const request = this.request(step);
    if (step.control) request.headers = { ...request.headers, ...adminHeaders() };
    const reply = await send(request, { within: this.within, timeout: step.call && step.call.timeout });
    const after = await this.readOrder(step);
    this.position += 1;
    return { step, before, after, reply, differences: differences(step.expect, reply, after) };
  }
}

/** Differences between the expected and the actual result of a step, as text. */
export function differences(expected, reply, order) {
  const messages = [];
  if (expected.broken && !reply.broken) messages.push('a reply arrived, expected none');
  if (expected.status && expected.status !== reply.status) messages.push(`status ${reply.status || 'none'}, expected ${expected.status}`);
  if (expected.body && !(reply.text && contains(JSON.parse(reply.text), expected.body))) messages.push('unexpected body');
  for (const [name, value] of Object.entries(expected.ledger || {})) {
    if (order[name] !== value) messages.push(`${name} is ${order[name]}, expected ${value}`);
  }
  return messages;
}

/** Whether a document has all fields of another one with the same values. */
function contains(document, expected) {
  if (expected === null || typeof expected !== 'object') return expected === document;
  if (document === null || typeof document !== 'object') return false;
  return Object.entries(expected).every(([name, value]) => contains(document[name], value));
}
