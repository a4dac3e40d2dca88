/** HTTP client of the console: the control API, and the emulated APIs as any client would call them. */

const TOKEN_KEY = 'refund-sandbox token';

/** Prefix of every path: where the sandbox is mounted, then `/w/{name}` in a named workspace. This file is `{base}/_console/api.js`. */
export const base = new URL('..', import.meta.url).pathname.slice(0, -1);
const [, mount, name] = /^(.*?)(?:\/w\/([^/]+))?$/.exec(base);
export const workspace = name ? decodeURIComponent(name) : 'default';

/** Prefix of every path in another workspace. */
export function baseOf(otherName) {
  return otherName === 'default' ? mount : `${mount}/w/${encodeURIComponent(otherName)}`;
}

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

/** UTF-8 bytes as a string with one character per byte, as headers need them. */
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
 * Sends a request to an emulated API as a client would: `{method, path, headers, body}`, the body as text.
 * Returns status, headers and text, or `broken` with the reason why no complete reply arrived. A browser can send a request again by
 * itself if its connection breaks; the sandbox answers the id of each call once.
 */
export async function send(request, { within = base, timeout = 60000 } = {}) {
  const start = performance.now();
  const elapsed = () => Math.round((performance.now() - start) * 10) / 10;
  try {
    const reply = await fetch(within + request.path, {
      method: request.method,
      headers: { ...request.headers, 'X-Sandbox-Click': `${Date.now()}-${Math.random()}` },
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

/** The emulated APIs in the order of their titles, as the control API describes them. Empty until `loadApis`. */
export let apis = [];

/** Reads the APIs once per page load. */
export async function loadApis() {
  if (apis.length) return;
  const document = await getControl('/apis');
  apis = document.apis.sort((one, other) => one.title.localeCompare(other.title));
}

/** The API with a name, or the first one if there is none. */
export function findApi(name) {
  return apis.find((one) => one.name === name) || apis[0];
}

let cachedCredentials = {};

/** The credentials of an API, each with a `label` and `headers`: loaded once, and again after `clearCredentials`. */
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

/** The index of the credentials that a request has, or 0. */
export function callerOf(credentials, request) {
  const isCaller = (one) => Object.entries(one.headers).every(([name, value]) => request.headers[name] === value);
  return Math.max(0, credentials.findIndex(isCaller));
}

/** A body as the text of a request. */
export function bodyText(body) {
  return typeof body === 'string' ? body : body === null ? '' : JSON.stringify(body);
}

/** A request as a curl command to paste into a shell. */
export function curl(request, within = base) {
  const parts = ['curl', '-X', request.method, quote(location.origin + within + request.path)];
  for (const [name, value] of Object.entries(request.headers || {})) {
    if (name.toLowerCase() === 'authorization' && value.startsWith('Basic ')) parts.push('-u', quote(decodeBasic(value)));
    else parts.push('-H', quote(`${name}: ${value}`));
  }
  if (request.body) parts.push('-d', quote(request.body));
  return parts.join(' ').replace('curl -X GET', 'curl').replace(/ (-H|-d|-u) /g, ' \\\n  $1 ');
}

function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The `user:password` of a header with Basic credentials. */
export const decodeBasic = (value) => decodeBase64(value.slice('Basic '.length));

/** A header of credentials as people read it: Basic credentials as `user:password`. */
export function readableHeader(name, value) {
  return value.startsWith('Basic ') ? decodeBasic(value) : `${name}: ${value}`;
}

function decodeBase64(text) {
  return new TextDecoder().decode(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
}
