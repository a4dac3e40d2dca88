/** Talks to the sandbox: the control API as the console, the two APIs as any client would. */

const TOKEN = 'refund-sandbox token';
const found = /^\/w\/[^/]+/.exec(location.pathname);

/** What comes before every path: `/w/{name}` in a workspace of its own, nothing in the default one. */
export const base = found ? found[0] : '';
export const workspace = found ? decodeURIComponent(found[0].slice(3)) : 'default';

/** A control call that was refused: `status`, the problem's `detail`, and `errors` with pointers and reasons. */
export class Refused extends Error {
  constructor(status, problem) {
    const errors = (problem.errors || []).map((one) => `${one.pointer || '/'}: ${one.reason}`);
    super([problem.detail || `HTTP ${status}`, ...errors].join('\n'));
    this.status = status;
  }
}

export const token = {
  read: () => sessionStorage.getItem(TOKEN),
  keep: (text) => sessionStorage.setItem(TOKEN, text),
  forget: () => sessionStorage.removeItem(TOKEN),
};

/** The headers that a control call needs. The token's bytes are UTF-8, one character each as headers want them. */
export function admission() {
  const text = token.read();
  const bytes = text ? Array.from(new TextEncoder().encode(text), (one) => String.fromCharCode(one)).join('') : '';
  return text ? { Authorization: `Bearer ${bytes}` } : {};
}

let askToken = () => {};

/** Says who asks people for the token when it is missing or wrong. */
export function onLocked(ask) {
  askToken = ask;
}

/** A control call; its JSON, or null where there is none. The body is a document, or a file of JSON or YAML. Raises Refused. */
export async function control(method, path, body, { within = base, signal } = {}) {
  const file = body instanceof File;
  const kind = file && /\.ya?ml$/i.test(body.name) ? 'application/yaml' : 'application/json';
  const headers = { ...admission(), ...(method === 'GET' ? {} : { 'Content-Type': kind }) };
  const sent = body === undefined || file ? body : JSON.stringify(body);
  const reply = await fetch(`${within}/_sandbox${path}`, { method, headers, body: sent, signal });
  const text = await reply.text();
  const document = text ? JSON.parse(text) : null;
  if (reply.status === 401) askToken();
  if (!reply.ok) throw new Refused(reply.status, document || {});
  return document;
}

export const read = (path, options) => control('GET', path, undefined, options);

/**
 * A call of one of the two APIs, sent as a client would: `{method, path, headers, body}`, the body as text.
 * What comes back has a status, headers and a text, or says how the connection broke.
 */
export async function call(request, { within = base, timeout = 60000 } = {}) {
  const began = performance.now();
  const took = () => Math.round((performance.now() - began) * 10) / 10;
  try {
    const reply = await fetch(within + request.path, {
      method: request.method,
      headers: request.headers,
      body: request.body || undefined,
      credentials: 'omit',
      cache: 'no-store',
      signal: AbortSignal.timeout(timeout),
    });
    const text = await reply.text();
    return { status: reply.status, headers: Object.fromEntries(reply.headers), text, ms: took() };
  } catch (error) {
    const late = error.name === 'TimeoutError';
    return { broken: late ? `No reply within ${timeout / 1000} s; the client gave up.` : 'The connection broke before the whole reply was there.', ms: took() };
  }
}

/** Text as the base64 of its UTF-8. */
function base64(text) {
  return btoa(Array.from(new TextEncoder().encode(text), (one) => String.fromCharCode(one)).join(''));
}

/** The header by which a caller of an API is known. */
export function credential(api, who) {
  if (api === 'funnelfox') return { 'ff-secret-key': who ? who.key : '' };
  return { Authorization: `Basic ${base64(who ? `${who.login}:${who.application_password}` : '')}` };
}

let known = {};

/** Who may call an API; asked for once, and again after the world was replaced. */
export async function credentials(api) {
  known[api] ||= read(`/${api}/credentials`).then((document) => document.credentials);
  return known[api].catch((error) => {
    delete known[api];
    throw error;
  });
}

export function forgetCredentials() {
  known = {};
}

/** A call as a curl line that can be pasted into a shell. */
export function curl(request, within = base) {
  const parts = ['curl', '-X', request.method, quote(location.origin + within + request.path)];
  for (const [name, value] of Object.entries(request.headers || {})) {
    if (name.toLowerCase() === 'authorization' && value.startsWith('Basic ')) parts.push('-u', quote(decode(value.slice(6))));
    else parts.push('-H', quote(`${name}: ${value}`));
  }
  if (request.body) parts.push('-d', quote(request.body));
  return parts.join(' ').replace('curl -X GET', 'curl').replace(/ (-H|-d|-u) /g, ' \\\n  $1 ');
}

function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function decode(text) {
  return new TextDecoder().decode(Uint8Array.from(atob(text), (one) => one.charCodeAt(0)));
}
