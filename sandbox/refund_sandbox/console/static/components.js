/** Components that several views use: amounts, badges, code blocks, notices. */

import { apis, base, getCredentials, readableHeader } from './api.js';
import { flash, h, select, setText } from './dom.js';
import { formatBody, headerText, money, words } from './format.js';

/**
 * Bar of an order's refunded, pending and refundable amounts: `element` and `show(summary)`.
 * It is hidden from screen readers; the page shows the same amounts as text.
 */
export function refundBar() {
  const refunded = h('span.refunded');
  const pending = h('span.pending');
  const refundable = h('span.refundable');
  const element = h('div.bar', { 'aria-hidden': 'true' }, refunded, pending, refundable);
  return {
    element,
    show(order) {
      const total = Math.max(order.paid, order.refunded + order.pending, 1);
      const setWidth = (part, amount) => { part.style.width = `${(Math.max(amount, 0) / total) * 100}%`; };
      setWidth(refunded, order.refunded);
      setWidth(pending, order.pending);
      setWidth(refundable, Math.min(order.left, total));
      element.classList.toggle('over', order.left < 0);
    },
  };
}

/** The colours of a refund bar with their meanings. */
export function refundBarLegend() {
  return h('p.legend.faint', { 'aria-hidden': 'true' }, ['refunded', 'pending', 'refundable'].map((name) => h('span', {}, swatch(name), name)));
}

function swatch(name) {
  return h('span', { class: `swatch ${name}`, 'aria-hidden': 'true' });
}

/** Labels of an order summary's amounts. Paid is the sum of the others. */
export const AMOUNT_LABELS = { paid: 'Paid', refunded: 'Refunded', pending: 'Pending refund', left: 'Refundable' };
const SWATCHES = { refunded: 'refunded', pending: 'pending', left: 'refundable' };

/** The amounts of an order, highlighted when they change: `element` and `show(summary)`. The pending amount is hidden if it is 0. */
export function amountFigures() {
  const values = {};
  const figures = Object.fromEntries(Object.entries(AMOUNT_LABELS).map(([name, label]) => {
    values[name] = h('dd', { 'data-figure': name });
    return [name, h('div', { class: `figure ${name}` }, h('dt', {}, SWATCHES[name] && swatch(SWATCHES[name]), label), values[name])];
  }));
  return {
    element: h('dl.figures', {}, Object.values(figures)),
    show(order) {
      for (const name of Object.keys(values)) setText(values[name], money(order[name], order.decimals, order.currency));
      figures.pending.hidden = !order.pending;
    },
  };
}

/** The state of an order for people: the API's own, or `refund_pending` while a refund is not settled. */
export function orderState(order) {
  return order.pending ? 'refund_pending' : order.state;
}

const TONES = {
  paid: 'good', settled: 'good', active: 'good', success: 'good', delivered: 'good', succeeded: 'good',
  refunded: 'neutral', partially_refunded: 'warm', pending: 'warm', refund_pending: 'warm', authorized: 'warm', processing: 'warm',
  declined: 'bad', failed: 'bad', cancelled: 'bad', canceled: 'bad', dropped: 'bad', expired: 'bad', disputed: 'bad',
};

/** Whether a state is bad news. */
export const isBadState = (state) => TONES[state] === 'bad';

/** A coloured status: `element` and `show(status)`. */
export function badge(status = '') {
  const element = h('span.badge');
  const show = (next) => {
    element.className = `badge ${TONES[next] || ''}`;
    const text = words(next);
    if (element.textContent && element.textContent !== text) flash(element);
    element.textContent = text;
  };
  show(status);
  return { element, show };
}

/** The HTTP status of a reply, with what a fault did to the connection. */
export function statusBadge(status, connection = null) {
  const tone = connection ? 'bad' : status < 300 ? 'good' : status < 400 ? '' : status < 500 ? 'warm' : 'bad';
  return h('span', { class: `badge code ${tone}` }, connection ? `${status} ${connection}` : String(status));
}

/** A drop-down list of the APIs. Its value is empty for all of them. */
export function apiFilter(attributes = {}) {
  return select([['', 'All APIs'], ...apis.map((one) => [one.name, one.title])], '', attributes);
}

/** Tabs of APIs, as links to a view of each. */
export function apiTabs(view, shown, selected) {
  const tab = (api) => h('a', { href: `#/${view}/${api.name}`, 'aria-current': api === selected && 'true' }, api.title);
  return h('nav.tabs', { 'aria-label': 'API' }, shown.map(tab));
}

/** Base URL and credentials of an API, each with a button to copy it. The control API has no list of credentials. */
export async function accessList(api) {
  const credentials = api.isControl ? [] : await getCredentials(api.name);
  const path = api.mount.replace(/\{(\w+)\}/g, (_, name) => (credentials[0] && credentials[0][name]) || `{${name}}`);
  const line = (label, text) => h('li', {}, h('span', {}, h('strong', {}, label), h('br'), h('code', {}, text)), copyButton('Copy', text));
  return h('ul.list', {}, line('Base URL', location.origin + base + path),
    credentials.map((one) => line(one.label, readableHeader(...Object.entries(one.headers)[0]))));
}

/** Text with `code` between backquotes. */
export function withCode(text = '') {
  return text.split(/`([^`]+)`/).map((piece, index) => (index % 2 ? h('code', {}, piece) : piece));
}

/** A button that copies a text, or the text that a function returns. */
export function copyButton(label, text) {
  const button = h('button', { type: 'button', onclick: copy }, label);
  async function copy() {
    try {
      await navigator.clipboard.writeText(typeof text === 'function' ? text() : text);
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'The browser blocks copying';
    }
    setTimeout(() => { button.textContent = label; }, 1500);
  }
  return button;
}

/** A titled block of preformatted text: `element`, and `code` to change the text. */
export function codeBlock(title, text, { actions = [], kind = '' } = {}) {
  const code = h('pre', { tabindex: 0, role: 'region', 'aria-label': title, class: kind }, text);
  return { element: h('section.block', {}, h('header', {}, h('h3', {}, title), actions), code), code };
}

/** A reply of `send` in api.js: status, duration, body and headers. */
export function replyBlock(reply, { folded = false } = {}) {
  if (reply.broken) {
    return h('section.block', {}, h('header', {}, h('h3', {}, 'Reply'), h('span.badge.bad', {}, 'none')), h('p.notice.error', {}, reply.broken));
  }
  const actions = [statusBadge(reply.status), h('span.faint', {}, `${reply.ms} ms`)];
  if (folded) {
    return h('section.block', {}, h('header', {}, h('h3', {}, 'Reply'), actions), h('details', {}, h('summary', {}, 'Body'), h('pre', { tabindex: 0 }, formatText(reply.text))));
  }
  return h('div', {},
    codeBlock('Reply', formatText(reply.text), { actions }).element,
    h('details', {}, h('summary', {}, 'Reply headers'), h('pre', { tabindex: 0 }, headerText(reply.headers))));
}

/** JSON text with indentation; other text unchanged. */
export function formatText(text) {
  try {
    return formatBody(JSON.parse(text));
  } catch {
    return text || '(empty)';
  }
}

export function emptyState(text, ...more) {
  return h('div.notice', {}, h('p', {}, text), more);
}

/** Whether a fetch or an import failed without a reply. The message of such an error names a URL only. */
export const isUnreachable = (error) => error instanceof TypeError && /fetch|import/i.test(error.message);

/** An error with a button to try again, or with a link to the list that lacks what was not found. */
export function errorNotice(error, retry, list) {
  const text = isUnreachable(error) ? 'No connection to the sandbox.' : error.message || String(error);
  const wayOut = error.status === 404 && list ? h('a', { href: list.href }, list.title) : retry && h('button', { type: 'button', onclick: retry }, 'Try again');
  return h('div.notice.error', { role: 'alert' }, h('p', {}, text), wayOut);
}

export function loading() {
  return h('p.loading', {}, 'Loading …');
}

/** A line for the result of an action, read by screen readers: `element`, `show(text)` and `run(action, success)`. */
export function statusLine() {
  const element = h('p.outcome', { role: 'status' });
  return {
    element,
    show(text) {
      element.className = 'outcome';
      element.textContent = text;
    },
    async run(action, success = '') {
      try {
        const result = await action();
        this.show(success);
        return result;
      } catch (error) {
        element.className = 'outcome error';
        element.textContent = error.message;
        return undefined;
      }
    },
  };
}
