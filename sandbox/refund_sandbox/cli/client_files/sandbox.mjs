// Client of refund-sandbox for tests in Node, Vitest and Playwright, without dependencies. Node 20 or later.
// Written by `refund-sandbox client js > sandbox.mjs`. It may be changed and committed.

const environment = globalThis.process?.env ?? {};
const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const encode = encodeURIComponent;

/** An error reply of the control API. `status` is its HTTP status. */
export class SandboxError extends Error {
  constructor(status, message) {
    super(message);
    this.name = 'SandboxError';
    this.status = status;
  }
}

/** A failed assertion about the ledger, the faults or the webhooks. */
export class SandboxAssertionError extends Error {
  constructor(message) {
    super(message);
    this.name = 'SandboxAssertionError';
  }
}

/**
 * A workspace of a running sandbox, with its own ledger, faults, clock and request log.
 *
 * @param {{url?: string, workspace?: string, token?: string}} [options] The URL of the sandbox (default: REFUND_SANDBOX_URL,
 *   or http://127.0.0.1:8000), the name of the workspace (default: a new one), and the admin token of the sandbox.
 */
export class Sandbox {
  #token;
  #apis;
  #returned = new Set();

  constructor({ url, workspace, token } = {}) {
    const root = (url ?? environment.REFUND_SANDBOX_URL ?? 'http://127.0.0.1:8000').replace(/\/+$/, '').replace(/\/w\/[^/]*$/, '');
    if (!/^(https?:\/\/.|\/|$)/.test(root)) throw new TypeError(`Invalid URL '${root}'. Use http://HOST:PORT, for example http://127.0.0.1:8000.`);
    this.workspace = workspace ?? `js-${globalThis.process?.pid ?? 0}-${Math.random().toString(36).slice(2, 10)}`;
    this.url = `${root}/w/${encode(this.workspace)}`;
    this.#token = token ?? environment.REFUND_SANDBOX_TOKEN;
  }

  /** Send a request to the control API and return the document of the reply. Throws SandboxError for an error reply. */
  async control(method, path, body) {
    const headers = { 'Content-Type': 'application/json', ...(this.#token ? { Authorization: `Bearer ${this.#token}` } : {}) };
    const options = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
    const reply = await fetch(`${this.url}/_sandbox${path}`, options).catch((cause) => {
      throw new Error(`No sandbox answers at ${this.url}. Start one with: refund-sandbox serve`, { cause });
    });
    const text = await reply.text();
    if (reply.ok) return text ? JSON.parse(text) : undefined;
    let problem;
    try { problem = JSON.parse(text); } catch { throw new SandboxError(reply.status, `${this.url} is no sandbox: ${reply.status}`); }
    const reasons = (problem.errors ?? []).map((one) => `${one.pointer}: ${one.reason}`.replace(/^: /, ''));
    const hint = reply.status === 401 ? ' REFUND_SANDBOX_TOKEN or new Sandbox({ token }) sets it.' : '';
    throw new SandboxError(reply.status, (reasons.join('; ') || problem.detail) + hint);
  }

  /** Base URL of an API, and the headers that authenticate a request: the configuration of the client under test. */
  async api(name) {
    const description = (await this.#descriptions())[name];
    if (!description) throw new SandboxError(404, `Unknown API '${name}'. Known: ${Object.keys(await this.#descriptions()).join(', ')}.`);
    const [credentials] = (await this.control('GET', `/${name}/credentials`)).credentials;
    if (!credentials) throw new SandboxError(404, `The data has no credentials for ${name}.`);
    const mount = description.mount.replace(/\{(\w+)\}/g, (_, field) => encode(credentials[field]));
    return { url: this.url + mount, headers: { 'Content-Type': 'application/json', ...credentials.headers }, description };
  }

  /** Create an order. The fields are those of an order in the state document, such as `amount`, `paid`, `refunded`, `subscription`. */
  async order(api, fields = {}) {
    return this.#order(api, await this.control('POST', `/${api}/orders`, fields));
  }

  /** Find an existing order. */
  async find(api, id) {
    return this.#order(api, await this.control('GET', `/${api}/orders/${encode(id)}`));
  }

  /** Refund an order as a client of the API does, and return the reply of `fetch`. Values are those of the form, such as `amount`. */
  async refund(order, values = {}) {
    const path = `/${order.api}/orders/${encode(order.id)}/refund-form`;
    const form = await this.control('GET', path);
    const first = Object.fromEntries(form.fields.map((field) => [field.name, field.value]));
    const texts = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
    const request = await this.control('POST', path, { values: { ...first, ...texts } });
    const headers = { 'Content-Type': 'application/json', ...request.headers };
    return fetch(this.url + request.path, { method: request.method, headers, body: JSON.stringify(request.body) });
  }

  /** Refunds of an order, oldest first: `{id, amount, state}`, without failed ones. Amounts are as the API writes them. */
  async refunds(order) {
    const path = `/${order.api}/orders/${encode(order.id)}`;
    const { transactions } = await this.control('GET', `${path}/transactions`);
    const { fields } = await this.control('GET', `${path}/refund-form`);
    const decimals = fields.find((field) => field.kind === 'amount')?.decimals ?? 0;
    return transactions
      .filter((one) => one.kind === 'refund' && one.counts)
      .map((one) => ({ id: one.id, amount: shifted(one.amount, decimals), state: one.state }));
  }

  /**
   * Enable a fault: a scenario by its name, or the fields of a fault. `order` limits it to requests for that order.
   * Throws SandboxError for a fault that can never hit.
   */
  async fault(fault, { order, ...options } = {}) {
    const document = { ...(typeof fault === 'string' ? { scenario: fault } : fault), ...options };
    if (order) {
      document.api = order.api;
      document.match = { ...document.match, order_id: order.id };
    }
    return (await this.control('POST', '/faults', document)).faults;
  }

  /** Release the requests that a fault holds, by the name in its `hold`. */
  async release(name) {
    await this.control('POST', `/faults/${encode(name)}/release`, {});
  }

  /** Logged requests, newest first. Filters: `order`, `api`, `operation`, `status`, `limit`. */
  async requests({ order, ...filters } = {}) {
    const query = new URLSearchParams(order ? { ...filters, api: order.api, order: order.id } : filters);
    return (await this.control('GET', `/requests?${query}`)).requests;
  }

  /** Assert that an order was refunded exactly `times` times since it was created or found, each for `amount`. */
  async assertRefunded(order, amount, times = 1) {
    const refunds = (await this.refunds(order)).filter((one) => !order.earlier.includes(one.id));
    if (refunds.length === times && refunds.every((one) => normal(one.amount) === normal(amount))) return;
    const was = refunds.length ? `it was refunded ${refunds.length} times (${refunds.map((one) => one.amount).join(', ')})` : 'it was not refunded';
    const requests = await this.requests({ order });
    const lines = requests.length ? ['Requests for this order:', ...requests.reverse().map(describe)] : [`No requests for this order. Its base URL is ${order.url}`];
    const should = `${order.api} order ${order.id} should be refunded ${times} times (${amount}); ${was}.${unitHint(order, refunds, amount)}`;
    throw new SandboxAssertionError([should, ...lines].join('\n'));
  }

  /** Assert that no request has booked a refund of an order since it was created or found. */
  async assertNotRefunded(order) {
    await this.assertRefunded(order, 0, 0);
  }

  /** Assert that every enabled fault has hit at least once, except those with `optional: true`. Call it at the end of a test. */
  async assertFaultsHit() {
    const { faults } = await this.control('GET', '/faults');
    const hits = (await this.requests()).flatMap((one) => one.faults);
    const isOtherHalf = (fault) => hits.some((hit) => fault.scenario && hit.scenario === fault.scenario && hit.api !== fault.api
      && JSON.stringify(hit.match) === JSON.stringify(fault.match));
    const unused = faults.filter((one) => !one.hits && !one.optional && !isOtherHalf(one));
    if (!unused.length) return;
    const lines = unused.map((one) => `  ${one.scenario ?? one.id} at ${one.at} ${JSON.stringify(one.match)}`);
    throw new SandboxAssertionError(['Faults that never hit:', ...lines].join('\n'));
  }

  /** Set the webhook endpoints of APIs: `{acme: ['http://127.0.0.1:9000/']}`. An endpoint is a URL, or an object of the API. */
  async targets(targets) {
    const descriptions = await this.#descriptions();
    const document = Object.fromEntries(Object.entries(targets).map(([api, entries]) => {
      const field = descriptions[api]?.webhooks.url_field ?? 'url';
      return [api, [entries].flat().map((one) => (typeof one === 'string' ? { [field]: one } : one))];
    }));
    return this.control('PUT', '/webhooks/targets', document);
  }

  /** Send a webhook event about an order without a request, and return its deliveries. */
  async trigger(topic, { order, api } = {}) {
    const name = order?.api ?? api ?? (await this.#apiOf(topic));
    return (await this.control('POST', `/${name}/webhooks/trigger`, { topic, order: order?.id ?? null })).deliveries;
  }

  /**
   * Wait for an event of a topic and return its delivery. An event that an earlier wait has returned does not count.
   * `order` limits it to events about an order, `state` is `delivered`, `failed`, `pending` or `dropped`, `timeout` is in milliseconds.
   */
  async waitForWebhook(topic, { order, state = 'delivered', timeout = 5000 } = {}) {
    await this.#apiOf(topic);
    const field = order && (await this.#descriptions())[order.api].order_id_field;
    const isAbout = ({ api, body }) => !order || (api === order.api && [body?.[field], body?.order?.[field]].some((id) => String(id) === String(order.id)));
    for (const end = performance.now() + timeout; ;) {
      const { deliveries } = await this.control('GET', `/webhooks/deliveries?${new URLSearchParams({ topic, state, limit: '1000' })}`);
      const found = deliveries.reverse().find((one) => !this.#returned.has(one.event_id) && isAbout(one));
      if (found) {
        this.#returned.add(found.event_id);
        return found;
      }
      if (performance.now() > end) throw new SandboxAssertionError(`no webhook ${topic} was ${state} within ${timeout} ms.${await this.#targetHint()}`);
      await sleep(10);
    }
  }

  /** Advance the clock by `90s`, `1h30m`, `2w` or `30 days`. Settlements, renewals and webhooks that become due run in order. */
  async advance(by) {
    return this.control('POST', '/clock/advance', { by });
  }

  /** Freeze the clock, now or at a time: a Date, or a text such as `2026-01-02`. */
  async freeze(at) {
    return this.control('PUT', '/clock', { frozen: true, ...(at === undefined ? {} : { now: at instanceof Date ? at.toISOString() : at }) });
  }

  /** Change settings of the workspace, such as `{validation: 'live'}`, and return all of them. */
  async settings(settings) {
    return settings ? this.control('PUT', '/settings', settings) : this.control('GET', '/settings');
  }

  /** Return to the first data, and clear request log, faults and deliveries. */
  async reset(options = {}) {
    this.#returned.clear();
    await this.control('POST', '/reset', options);
  }

  /** Delete the workspace. */
  async delete() {
    await this.control('DELETE', `/workspaces/${encode(this.workspace)}`);
  }

  async #order(api, document) {
    const { url, headers, description } = await this.api(api);
    const order = { api, id: document[description.order_id_field], document, url, headers, earlier: [] };
    order.earlier = (await this.refunds(order)).map((one) => one.id);
    return order;
  }

  async #descriptions() {
    this.#apis ??= this.control('GET', '/apis').then(({ apis }) => Object.fromEntries(apis.map((api) => [api.name, api])));
    return this.#apis;
  }

  async #targetHint() {
    const targets = Object.values(await this.control('GET', '/webhooks/targets')).flat();
    return targets.length ? '' : ' There are no endpoints. Use targets().';
  }

  async #apiOf(topic) {
    const descriptions = await this.#descriptions();
    const name = Object.keys(descriptions).find((api) => topic in descriptions[api].webhooks.topics);
    const topics = Object.values(descriptions).flatMap((api) => Object.keys(api.webhooks.topics));
    if (!name) throw new SandboxAssertionError(`Unknown topic '${topic}'. Known: ${topics.join(', ')}.`);
    return name;
  }
}

/** A workspace of its own for this process. */
export const sandbox = new Sandbox();
export default sandbox;

/** Whether a webhook was signed with a secret: HMAC-SHA256 of the raw body in hex, in constant time. */
export async function isGenuine(secret, body, signature) {
  if (!/^[0-9a-f]{64}$/.test(signature ?? '')) return false;
  const bytes = (value) => (typeof value === 'string' ? new TextEncoder().encode(value) : value);
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', bytes(secret), algorithm, false, ['verify']);
  return crypto.subtle.verify('HMAC', key, Uint8Array.from(signature.match(/../g), (pair) => parseInt(pair, 16)), bytes(body));
}

/** A number of minor units with that many decimals: `shifted(499, 2)` is `4.99`. */
function shifted(amount, decimals) {
  const digits = String(amount).padStart(decimals + 1, '0');
  return decimals ? `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}` : digits;
}

/** A decimal number without zeros that change nothing. */
function normal(amount) {
  const [whole, fraction = ''] = String(amount).split('.');
  return `${whole.replace(/^0+(?=\d)/, '')}.${fraction.replace(/0+$/, '')}`;
}

/** A hint where the amounts differ by a factor of 100: an API counts in major or in minor units. */
function unitHint(order, refunds, amount) {
  const [first] = refunds;
  const factor = first && Math.round((Number(first.amount) / Number(amount)) * 1e6) / 1e6;
  if (factor !== 100 && factor !== 0.01) return '';
  return ` Amounts of ${order.api} are in ${factor === 100 ? 'minor' : 'major'} units: ${first.amount}.`;
}

function describe(request) {
  const lost = request.connection ? `, lost (${request.connection})` : '';
  const faults = request.faults.map((one) => `\n    fault: ${one.scenario ?? one.id}`).join('');
  return `#${request.id} ${request.method} ${request.path} ${JSON.stringify(request.request.body)}\n`
    + `    reply ${request.status}${lost}: ${JSON.stringify(request.reply.body)}${faults}`;
}
