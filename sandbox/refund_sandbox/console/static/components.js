/** Pieces that several views show: bars, badges, blocks of code, notices. */

import { h, tell, flash } from './dom.js';
import { money, pretty, words } from './format.js';

/**
 * What was paid, refunded and is left of an order, as a bar that can change: `element` and `show(summary)`.
 * The bar is for the eye; the numbers beside it say the same.
 */
export function bar() {
  const refunded = h('span.refunded');
  const pending = h('span.pending');
  const left = h('span.left');
  const element = h('div.bar', { 'aria-hidden': 'true' }, refunded, pending, left);
  return {
    element,
    show(order) {
      const whole = Math.max(order.paid, order.refunded + order.pending, 1);
      const width = (part, amount) => { part.style.width = `${(Math.max(amount, 0) / whole) * 100}%`; };
      width(refunded, order.refunded);
      width(pending, order.pending);
      width(left, Math.min(order.left, whole));
      element.classList.toggle('over', order.left < 0);
    },
  };
}

/** The three numbers of an order, which flash when they change: `element` and `show(summary)`. */
export function figures() {
  const parts = {};
  const entries = ['paid', 'refunded', 'left'].map((name) => {
    parts[name] = h('dd', { 'data-figure': name });
    return h('div', { class: `figure ${name}` }, h('dt', {}, name), parts[name]);
  });
  return {
    element: h('dl.figures', {}, entries),
    show(order) {
      for (const name of Object.keys(parts)) tell(parts[name], money(order[name], order.decimals, order.currency));
      parts.refunded.title = order.pending ? `${money(order.pending, order.decimals)} more are pending` : '';
    },
  };
}

const TONES = {
  paid: 'good', settled: 'good', active: 'good', success: 'good', delivered: 'good', succeeded: 'good',
  refunded: 'spent', partially_refunded: 'warm', pending: 'warm', authorized: 'warm', processing: 'warm',
  declined: 'bad', failed: 'bad', cancelled: 'bad', canceled: 'bad', dropped: 'bad', expired: 'bad',
};

/** A word in a colour. `show(word)` changes it. */
export function badge(word = '') {
  const element = h('span.badge');
  const show = (next) => {
    element.className = `badge ${TONES[next] || ''}`;
    const text = words(next);
    if (element.textContent && element.textContent !== text) flash(element);
    element.textContent = text;
  };
  show(word);
  return { element, show };
}

/** The status of a reply. A connection that was cut has none. */
export function statusBadge(status, connection = null) {
  const tone = connection ? 'bad' : status < 300 ? 'good' : status < 400 ? '' : status < 500 ? 'warm' : 'bad';
  return h('span', { class: `badge code ${tone}` }, connection ? `${status} ${connection}` : String(status));
}

/** A button that copies a text, which may be made when it is pressed. */
export function copier(label, text) {
  const button = h('button', { type: 'button', onclick: copy }, label);
  async function copy() {
    const wanted = typeof text === 'function' ? text() : text;
    try {
      await navigator.clipboard.writeText(wanted);
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Copying is not allowed here';
    }
    setTimeout(() => { button.textContent = label; }, 1500);
  }
  return button;
}

/** A titled block of text that scrolls by itself. */
export function block(title, text, { actions = [], kind = '' } = {}) {
  const code = h('pre', { tabindex: 0, role: 'region', 'aria-label': title, class: kind }, text);
  return { element: h('section.block', {}, h('header', {}, h('h3', {}, title), actions), code), code };
}

/** A reply of `call` in api.js: status, headers and body as they came. */
export function replyBlock(reply, { folded = false } = {}) {
  if (reply.broken) {
    return h('section.block', {}, h('header', {}, h('h3', {}, 'Reply'), h('span.badge.bad', {}, 'none')), h('p.notice.error', {}, reply.broken));
  }
  const headers = Object.entries(reply.headers).map(([name, value]) => `${name}: ${value}`).join('\n');
  const actions = [statusBadge(reply.status), h('span.faint', {}, `${reply.ms} ms`)];
  if (folded) {
    return h('section.block', {}, h('header', {}, h('h3', {}, 'Reply'), actions), h('details', {}, h('summary', {}, 'Body'), h('pre', { tabindex: 0 }, readable(reply.text))));
  }
  return h('div', {},
    block('Reply', readable(reply.text), { actions }).element,
    h('details', {}, h('summary', {}, 'Reply headers'), h('pre', { tabindex: 0 }, headers)));
}

/** JSON with indentation; other text as it is. */
export function readable(text) {
  try {
    return pretty(JSON.parse(text));
  } catch {
    return text || '(empty)';
  }
}

export function empty(text, ...more) {
  return h('div.notice', {}, h('p', {}, text), more);
}

export function failure(error, again) {
  return h('div.notice.error', { role: 'alert' }, h('p', {}, error.message || String(error)),
    again && h('button', { type: 'button', onclick: again }, 'Try again'));
}

export function loading() {
  return h('p.loading', {}, 'Loading …');
}

/** A line for what came of an action, which screen readers hear. */
export function outcome() {
  const element = h('p.outcome', { role: 'status' });
  return {
    element,
    say(text) {
      element.className = 'outcome';
      element.textContent = text;
    },
    async of(work, done = '') {
      try {
        const result = await work();
        this.say(done);
        return result;
      } catch (error) {
        element.className = 'outcome error';
        element.textContent = error.message;
        return undefined;
      }
    },
  };
}
