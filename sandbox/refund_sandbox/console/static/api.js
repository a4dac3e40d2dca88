/** HTTP client of the console: the control API, and the two APIs as any client would call them. */

const TOKEN_KEY = 'refund-sandbox token';
const prefix = /^\/w\/[^/]+/.exec(location.pathname);

/** Prefix of every path: `/w/{name}` in a named workspace, empty in the default one. */
export const base = prefix ? prefix[0] : '';
export const workspace = prefix ? decodeURIComponent(prefix[0].slice(3)) : 'default';

/** A refused control request: `status`, and a message with the problem's `detail` and each pointer with its reason. */
export class ControlError extends Error {
  constructor(status, problem) {
    const errors = (problem.errors || []).map((error) => `${error.pointer || '/'}: ${error.reason}`);
    super([problem.detail || `HTTP ${status}`, ...errors].join('\n'));
    this.status = status;
  }
}

export const token = {
  read: () => sessionStorage.getItem(TOKEN_KEY),
  save: (text) => sessionStorage.setItem(TOKEN_KEY, text),
  delete: () => sessionStorage.removeItem(TOKEN_KEY),
};

/** UTF-8 bytes as a string with one character per byte, as headers and btoa need them. */
function byteString(text) {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');
}

/** Headers of a control request. */
export function adminHeaders() {
  const text = token.read();
  return text ? { Authorization: `Bearer ${byteString(text)}` } : {};
}

let handleUnauthorized = () => {};

/** Sets the callback that asks for the admin token when it is missing or wrong. */
export function onUnauthorized(callback) {
  handleUnauthorized = callback;
}

/** Sends a control request and returns its JSON, or null without a body. `body` is a document or a JSON or YAML file. Throws ControlError. */
export async function control(method, path, body, { within = base, signal } = {}) {
  const file = body instanceof File;
  const type = file && /\.ya?ml$/i.test(body.name) ? 'application/yaml' : 'application/json';
  const headers = { ...adminHeaders(), ...(method === 'GET' ? {} : { 'Content-Type': type }) };
  const content = body === undefined || file ? body : JSON.stringify(body);
  const reply = await fetch(`${within}/_sandbox${path}`, { method, headers, body: content, signal });
  const text = await reply.text();
  const document = text ? JSON.parse(text) : null;
  if (reply.status === 401) handleUnauthorized();
  if (!reply.ok) throw new ControlError(reply.status, document || {});
  return document;
}

export const getControl = (path, options) => control('GET', path, undefined, options);

/**
 * Sends a request to one of the two APIs as a client would: `{method, path, headers, body}`, the body as text.
 * Returns status, headers and text, or `broken` with the reason why no complete reply arrived.
 */
export async function send(request, { within = base, timeout = 60000 } = {}) {
  const start = performance.now();
  const elapsed = () => Math.round((performance.now() - start) * 10) / 10;
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
    return { status: reply.status, headers: Object.fromEntries(reply.headers), text, ms: elapsed() };
  } catch (error) {
    const timedOut = error.name === 'TimeoutError';
    return { broken: timedOut ? `No reply within ${timeout / 1000} s: the client timed out.` : 'The connection was lost before the complete reply arrived.', ms: elapsed() };
  }
}

/** Header that authenticates a caller of an API. */
export function authHeader(api, credentials) {
  if (api === 'funnelfox') return { 'ff-secret-key': credentials ? credentials.key : '' };
  const login = credentials ? `${credentials.login}:${credentials.application_password}` : '';
  return { Authorization: `Basic ${btoa(byteString(login))}` };
}

let cachedCredentials = {};

/** The credentials of an API: loaded once, and again after `clearCredentials`. */
export async function getCredentials(api) {
  cachedCredentials[api] ||= getControl(`/${api}/credentials`).then((document) => document.credentials);
  return cachedCredentials[api].catch((error) => {
    delete cachedCredentials[api];
    throw error;
  });
}

export function clearCredentials() {
  cachedCredentials = {};
}

/** A request as a curl command to paste into a shell. */
export function curl(request, within = base) {
  const parts = ['curl', '-X', request.method, quote(location.origin + within + request.path)];
  for (const [name, value] of Object.entries(request.headers || {})) {
    if (name.toLowerCase() === 'authorization' && value.startsWith('Basic ')) parts.push('-u', quote(decodeBase64(value.slice(6))));
    else parts.push('-H', quote(`${name}: ${value}`));
  }
  if (request.body) parts.push('-d', quote(request.body));
  return parts.join(' ').replace('curl -X GET', 'curl').replace(/ (-H|-d|-u) /g, ' \\\n  $1 ');
}

function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function decodeBase64(text) {
  return new TextDecoder().decode(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
}
