/** Numbers, times and bodies as people read them. */

/** Minor units as text: `money(499, 2, 'USD')` is "4.99 USD". */
export function money(minor, decimals, currency = '') {
  const digits = String(Math.abs(minor)).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals).replace(/\B(?=(\d{3})+$)/g, ',');
  const rest = decimals ? `.${digits.slice(-decimals)}` : '';
  return `${minor < 0 ? '−' : ''}${whole}${rest}${currency ? ` ${currency}` : ''}`;
}

/** Decimal text as minor units; NaN for what is no amount. */
export function minor(text, decimals) {
  const found = /^(-?\d+)(?:\.(\d+))?$/.exec(String(text).trim());
  if (!found || (found[2] || '').length > decimals) return NaN;
  return Number(found[1] + (found[2] || '').padEnd(decimals, '0'));
}

/** The instant that a text of either API means; both write UTC. */
export function instant(text) {
  if (!text) return NaN;
  const bare = String(text).replace(' ', 'T').replace(/(\.\d{3})\d+/, '$1');
  return Date.parse(/Z$|[+-]\d\d:\d\d$/.test(bare) ? bare : `${bare}Z`);
}

/** An instant as date and time, UTC, to the second. */
export function when(text) {
  const at = instant(text);
  return Number.isNaN(at) ? String(text || '—') : new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}

/** The time of day alone. */
export function clock(text) {
  const at = instant(text);
  return Number.isNaN(at) ? '' : new Date(at).toISOString().slice(11, 23);
}

/** A body as text: JSON with indentation, anything else as it is. */
export function pretty(body) {
  if (body === null || body === undefined || body === '') return '(empty)';
  return typeof body === 'string' ? body : JSON.stringify(body, null, 2);
}

/** A word of an API as people write it: `partially_refunded` is "partially refunded". */
export function words(text) {
  return String(text).replace(/[_-]/g, ' ');
}

/** The parts of an address after its `#`. One that can't be read stays as it is. */
export function parts(hash) {
  return hash.replace(/^#\/?/, '').split('/').filter(Boolean).map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
}

export const NAMES = { funnelfox: 'FunnelFox', fluentcart: 'FluentCart' };

/** The short form of a long id. */
export function short(id) {
  return id.length > 14 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id;
}
