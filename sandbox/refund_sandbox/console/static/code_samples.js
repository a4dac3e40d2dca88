/** A request as code that sends it: a curl command, Python, Node or PHP. */

import { base, curl, decodeBasic } from './api.js';

const json = (value) => JSON.stringify(value);
const urlOf = (request) => location.origin + base + request.path;

/** The login of Basic credentials as `[user, password]`, and the other headers. */
function splitHeaders(request) {
  const headers = { ...request.headers };
  const login = (headers.Authorization || '').startsWith('Basic ') ? decodeBasic(headers.Authorization) : null;
  if (login) delete headers.Authorization;
  return [login && [login.slice(0, login.indexOf(':')), login.slice(login.indexOf(':') + 1)], headers];
}

function python(request) {
  const [login, headers] = splitHeaders(request);
  const options = [
    `    ${json(request.method)},`, `    ${json(urlOf(request))},`,
    Object.keys(headers).length > 0 && `    headers=${json(headers)},`,
    login && `    auth=(${login.map(json).join(', ')}),`,
    request.body && `    data=${json(request.body)},`,
    '    timeout=30,',
  ];
  return ['import requests', '', 'reply = requests.request(', ...options.filter(Boolean), ')', 'reply.raise_for_status()', 'print(reply.json())'].join('\n');
}

function node(request) {
  const [login, headers] = splitHeaders(request);
  const lines = Object.entries(headers).map(([name, value]) => `    ${json(name)}: ${json(value)},`);
  if (login) lines.push(`    Authorization: 'Basic ' + Buffer.from(${json(login.join(':'))}).toString('base64'),`);
  return [
    `const reply = await fetch(${json(urlOf(request))}, {`, `  method: ${json(request.method)},`, '  headers: {', ...lines, '  },',
    ...(request.body ? [`  body: ${json(request.body)},`] : []), '});',
    'if (!reply.ok) throw new Error(`HTTP ${reply.status}: ${await reply.text()}`);', 'console.log(await reply.json());',
  ].join('\n');
}

const phpText = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function php(request) {
  const [login, headers] = splitHeaders(request);
  const lines = Object.entries(headers).map(([name, value]) => `        ${phpText(`${name}: ${value}`)},`);
  return [
    '<?php', `$call = curl_init(${phpText(urlOf(request))});`, 'curl_setopt_array($call, [', `    CURLOPT_CUSTOMREQUEST => ${phpText(request.method)},`,
    ...(login ? [`    CURLOPT_USERPWD => ${phpText(login.join(':'))},`] : []),
    ...(lines.length ? ['    CURLOPT_HTTPHEADER => [', ...lines, '    ],'] : []),
    ...(request.body ? [`    CURLOPT_POSTFIELDS => ${phpText(request.body)},`] : []),
    '    CURLOPT_RETURNTRANSFER => true,', ']);', '$reply = curl_exec($call);',
    "echo curl_getinfo($call, CURLINFO_RESPONSE_CODE), ' ', $reply, PHP_EOL;",
  ].join('\n');
}

/** The languages by name: functions of `{method, path, headers, body}`. */
export const LANGUAGES = { curl, Python: python, Node: node, PHP: php };
