/** Timeline of an order from its transactions, the request log and the webhook deliveries, with the API's own values. */

import { isBadState } from './components.js';
import { money, words } from './format.js';

/**
 * Entries in no order: `{key, kind, at, title, amount?, state?, text?, link?}`.
 * Kinds are charge, refund, request, subscription, event and delivery.
 */
export function timeline(api, summary, transactions, requests, deliveries) {
  const times = bookingTimes(api, requests);
  return [
    ...deliveries.map(fromDelivery),
    ...transactions.map((row) => ({ ...fromTransaction(row, summary), ...times.get(row.id) })),
    ...requests.flatMap(fromRequest),
  ];
}

/** When each transaction was booked, from the request log: it has microseconds, APIs may have seconds. */
function bookingTimes(api, requests) {
  const isNew = (change) => change.record === api.refund_record.record && change.before === null;
  return new Map(requests.flatMap((entry) => entry.changes.filter(isNew).map((change) => [String(change.key), { at: entry.at }])));
}

function fromTransaction(row, summary) {
  const isRefund = row.kind === 'refund';
  return {
    key: `t${row.id}${row.state}`,
    kind: `${isRefund ? 'refund' : 'charge'}${row.warning || isBadState(row.state) ? ' bad' : ''}`,
    at: row.at,
    title: row.title,
    amount: money((isRefund ? -1 : 1) * row.amount, summary.decimals, summary.currency),
    state: row.state,
    text: [row.warning, ...row.notes].filter(Boolean).join(' · '),
  };
}

function fromRequest(entry) {
  const faults = entry.faults.map((fault) => `fault: ${fault.scenario || fault.at}`);
  const request = {
    key: `r${entry.id}`,
    kind: entry.status < 400 && !entry.connection ? 'request' : 'request bad',
    at: entry.at,
    title: `${entry.operation || entry.method} → ${entry.status}${entry.connection ? `, connection ${entry.connection}` : ''}`,
    link: `#/requests/${entry.id}`,
    text: [...faults, ...entry.warnings, ...new Set(messages(entry.reply.body).slice(0, 3))].join(' · '),
  };
  return [request, ...entry.changes.flatMap((change) => fromChange(entry, change))];
}

/** The texts that a reply calls `message` or `msg`, at any depth. */
function messages(body) {
  if (!body || typeof body !== 'object') return [];
  return Object.entries(body).flatMap(([name, value]) => (/^(message|msg)$/.test(name) && value && typeof value === 'string' ? [value] : messages(value)));
}

/** A record with another state, or a new one with a title and a content. */
function fromChange(entry, { record, key, before, after }) {
  const common = { key: `c${entry.id}${record}${key}`, at: entry.at };
  if (before && after && stateOf(before) !== stateOf(after)) {
    return [{ ...common, kind: 'subscription', title: capitalize(words(record.split('.')[1])), text: `${stateOf(before)} → ${stateOf(after)}` }];
  }
  return !before && after.content ? [{ ...common, kind: 'event', title: after.title, text: after.content }] : [];
}

/** The state of a record as text. */
function stateOf({ status = '', is_active: isActive = '' }) {
  return String(status).replaceAll(',', ', ') || { true: 'active', false: 'inactive' }[isActive] || '';
}

const capitalize = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function fromDelivery(delivery) {
  return {
    key: `d${delivery.id}${delivery.state}${delivery.attempts.length}`,
    kind: 'delivery',
    at: delivery.created_at,
    title: `Webhook ${delivery.topic}`,
    state: delivery.state,
    text: delivery.url,
    link: `#/webhooks/${delivery.id}`,
  };
}
