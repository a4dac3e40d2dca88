/** Numbers, times, bodies and labels as text for people. */

/** The phases at which a fault can hit. */
export const PHASE_LABELS = {
  before: 'before processing', gateway: 'payment gateway', cancel: 'subscription cancellation', after: 'after booking', webhook: 'webhook delivery',
};

/** Minor units as text for people: `money(123499, 2, 'USD')` is "1,234.99 USD". */
export function money(minorUnits, decimals, currency = '') {
  const [whole, fraction] = decimalText(Math.abs(minorUnits), decimals).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return `${minorUnits < 0 ? '−' : ''}${grouped}${fraction ? `.${fraction}` : ''}${currency ? ` ${currency}` : ''}`;
}

/** Minor units as decimal text: `decimalText(499, 2)` is "4.99". Without decimals it is the number itself. */
export function decimalText(minorUnits, decimals) {
  const digits = String(Math.abs(minorUnits)).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  return `${minorUnits < 0 ? '-' : ''}${whole}${decimals ? `.${digits.slice(-decimals)}` : ''}`;
}

/** Decimal text as minor units; NaN for text that is not an amount. */
export function toMinorUnits(text, decimals) {
  const match = /^(-?\d+)(?:\.(\d+))?$/.exec(String(text).trim());
  if (!match || (match[2] || '').length > decimals) return NaN;
  return Number(match[1] + (match[2] || '').padEnd(decimals, '0'));
}

/** A timestamp of an API as milliseconds since 1970. Without an offset it is UTC. */
export function parseTime(text) {
  if (!text) return NaN;
  const iso = String(text).replace(' ', 'T').replace(/(\.\d{3})\d+/, '$1');
  return Date.parse(/Z$|[+-]\d\d:\d\d$/.test(iso) ? iso : `${iso}Z`);
}

/** A timestamp as date and time in UTC, to the second. */
export function dateTime(text) {
  const ms = parseTime(text);
  return Number.isNaN(ms) ? String(text || '—') : new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

/** The time of day of a timestamp, to the millisecond. */
export function timeOfDay(text) {
  const ms = parseTime(text);
  return Number.isNaN(ms) ? '' : new Date(ms).toISOString().slice(11, 23);
}

/** A body as text: JSON with indentation, anything else unchanged. */
export function formatBody(body) {
  if (body === null || body === undefined || body === '') return '(empty)';
  return typeof body === 'string' ? body : JSON.stringify(body, null, 2);
}

/** An API's value with spaces: `partially_refunded` is "partially refunded". */
export function words(value) {
  return String(value).replace(/[_-]/g, ' ');
}

/** A number with its noun: "1 hit", "2 hits". */
export function count(number, noun) {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}

/** The parts of an address after its `#`. A part with an invalid escape stays unchanged. */
export function hashParts(hash) {
  return hash.replace(/^#\/?/, '').split('/').filter(Boolean).map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
}

/** Headers as text, one a line. */
export function headerText(headers) {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`).join('\n');
}

/** A long id with its middle left out. */
export function shortId(id) {
  return id.length > 14 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id;
}
