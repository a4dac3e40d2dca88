/** Environment: the clock, snapshots, settings and data of the workspace, and the list of workspaces. */

import { apis, base, baseOf, clearCredentials, control, findApi, getControl, workspace } from '../api.js';
import { emptyState, statusLine } from '../components.js';
import { listen } from '../connection.js';
import { coalesce, confirmButton, field, h, select, setChildren } from '../dom.js';
import { dateTime, parseTime, words } from '../format.js';

/** Each card has an `element`, and may have `load()` and `close()`. */
export async function open(root) {
  const columns = [[clockCard(), snapshotsCard(), workspacesCard()], [settingsCard(), resetCard(), dataCard()]];
  const cards = columns.flat();
  setChildren(root, h('div.head', {}, h('h1', {}, 'Environment')), h('div.columns', {}, columns.map((column) => h('div', {}, column.map((card) => card.element)))));
  const load = () => Promise.all(cards.map((card) => card.load && card.load()));
  const reload = coalesce(() => load().catch(() => {}));
  const stop = listen('world', () => { clearCredentials(); reload(); });
  await load();
  return () => {
    stop();
    cards.forEach((card) => card.close && card.close());
  };
}

function section(title, ...children) {
  return h('section.card', {}, h('h2', {}, title), children);
}

const NAME_PATTERN = '[A-Za-z0-9][A-Za-z0-9._\\-]{0,63}';

function workspacesCard() {
  const list = h('ul.list');
  const name = h('input', { required: true, pattern: NAME_PATTERN, placeholder: 'checkout-test' });
  const address = (one) => `${baseOf(one)}/#/environment`;
  const go = (event) => {
    event.preventDefault();
    location.assign(address(name.value));
  };
  const element = section('Workspaces',
    h('p', {}, 'Current workspace: ', h('strong', {}, workspace), '. Each workspace has its own orders, settings, clock and faults. The first request creates it.'),
    list, h('form.fields', { onsubmit: go }, field('Workspace name', name), h('button', { type: 'submit' }, 'Open')));
  return {
    element,
    async load() {
      const { workspaces } = await getControl('/workspaces');
      setChildren(list, workspaces.map((one) => h('li', {}, one === workspace ? h('strong', {}, one) : h('a', { href: address(one) }, one))));
    },
  };
}

function clockCard() {
  const time = h('output.clock', { 'aria-label': 'Time in this workspace' });
  const state = h('span.faint');
  const status = statusLine();
  const by = h('input', { value: '30d', pattern: '[0-9]{1,6}[smhd]', size: 6, required: true });
  const instant = h('input', { placeholder: '2026-12-01T10:00:00Z' });
  const freeze = h('button', { type: 'button', onclick: () => change(() => control('PUT', '/clock', { frozen: !isFrozen })) }, 'Freeze');
  let [isFrozen, offsetMs] = [false, 0];
  const change = (action) => status.run(action).then((clock) => clock && show(clock));
  const advance = (duration) => change(() => control('POST', '/clock/advance', { by: duration }));
  function show(clock) {
    isFrozen = clock.frozen;
    offsetMs = parseTime(clock.now) - Date.now();
    time.dataset.at = clock.now;
    freeze.textContent = isFrozen ? 'Resume' : 'Freeze';
    state.textContent = isFrozen ? 'frozen' : clock.ahead_seconds ? `running, ${Math.round(clock.ahead_seconds / 36) / 100} h ahead` : 'running, real time';
    tick();
  }
  function tick() {
    time.textContent = dateTime(isFrozen ? time.dataset.at : new Date(Date.now() + offsetMs).toISOString());
  }
  const timer = setInterval(tick, 1000);
  const steps = ['1h', '1d', '30d'].map((duration) => h('button', { type: 'button', onclick: () => advance(duration) }, `+ ${duration}`));
  const element = section('Clock', h('p', {}, time, ' UTC ', state),
    h('p', {}, 'Moving the clock forward runs the settlements, renewals and webhooks that become due.'),
    h('p.actions', {}, freeze, steps, h('button', { type: 'button', onclick: () => change(() => control('PUT', '/clock', { now: null, frozen: false })) }, 'Reset to real time')),
    h('form.fields', { onsubmit: (event) => { event.preventDefault(); advance(by.value); } }, field('Duration', by, '90s, 15m, 2h or 30d'), h('button', { type: 'submit' }, 'Advance')),
    h('form.fields', { onsubmit: (event) => { event.preventDefault(); change(() => control('PUT', '/clock', { now: instant.value })); } }, field('Time', instant, 'In UTC'), h('button', { type: 'submit' }, 'Set')), status.element);
  return { element, load: async () => show(await getControl('/clock')), close: () => clearInterval(timer) };
}

/** Schemas of the settings that belong to no API. */
const DURATION = { format: 'duration' };
const VALIDATION = { enum: ['strict', 'live'] };
const WEBHOOKS = { retries: { type: 'integer', minimum: 0, maximum: 100 }, first_retry: DURATION, longest_retry: DURATION, timeout: DURATION };

/** Labels and help of the settings that belong to no API, and of settings that several APIs may have. */
const LABELS = {
  validation: ['Validation', 'strict refuses what the spec forbids; live is as forgiving as the live service and warns.'],
  'webhooks.retries': ['Webhooks: retries', 'Attempts after the first one.'],
  'webhooks.first_retry': ['Webhooks: first retry', 'Time after the first failed attempt: 90s, 15m, 2h or 30d. It doubles each time.'],
  'webhooks.longest_retry': ['Webhooks: longest retry', 'The time between two attempts grows up to this.'],
  'webhooks.timeout': ['Webhooks: timeout', 'Time that an endpoint has for its reply.'],
};

function labelOf(path) {
  if (LABELS[path]) return LABELS[path];
  const [api, name] = path.split('.');
  const { title, settings } = findApi(api);
  return [`${title}: ${words(name)}`, settings.properties[name].description];
}

/** One control for each setting, by its path in the settings document. */
function settingControls() {
  const group = (name, schemas) => Object.entries(schemas).map(([setting, schema]) => [`${name}.${setting}`, settingControl(schema)]);
  const ofApis = apis.flatMap((api) => group(api.name, api.settings.properties));
  return Object.fromEntries([['validation', settingControl(VALIDATION)], ...ofApis, ...group('webhooks', WEBHOOKS)]);
}

/** Control for a setting. Of several schemas, the first is the one to write; the others are for older documents. */
function settingControl(alternatives) {
  const schema = alternatives.anyOf ? alternatives.anyOf[0] : alternatives;
  if (schema.type === 'boolean') return select([['false', 'off'], ['true', 'on']], '');
  if (schema.enum) return select(schema.enum.map(String), '');
  if (schema.type === 'integer') return h('input', { type: 'number', min: schema.minimum, max: schema.maximum });
  return h('input', schema.format === 'duration' ? { pattern: '[0-9]+[smhd]' } : {});
}

function settingsCard() {
  const status = statusLine();
  const controls = settingControls();
  let settings = {};
  const setting = (path) => path.split('.').reduce((part, name) => part && part[name], settings);
  async function save(event) {
    event.preventDefault();
    const changed = structuredClone(settings);
    for (const [path, input] of Object.entries(controls)) {
      const names = path.split('.');
      const last = names.pop();
      const part = names.reduce((inner, name) => inner[name], changed);
      part[last] = typeof part[last] === 'boolean' ? input.value === 'true' : typeof part[last] === 'number' ? Number(input.value) : input.value;
    }
    await status.run(() => control('PUT', '/settings', changed), 'Settings saved.');
  }
  const element = section('Settings', h('form', { onsubmit: save }, h('div.fields', {}, Object.entries(controls).map(([path, input]) => field(labelOf(path)[0], input, labelOf(path)[1]))),
    h('button', { type: 'submit' }, 'Save settings'), status.element));
  return {
    element,
    async load() {
      settings = await getControl('/settings');
      for (const [path, input] of Object.entries(controls)) if (input !== document.activeElement) input.value = String(setting(path));
    },
  };
}

function snapshotsCard() {
  const list = h('div');
  const status = statusLine();
  const name = h('input', { required: true, pattern: NAME_PATTERN, placeholder: 'before-the-demo' });
  const path = (snapshot) => `/snapshots/${encodeURIComponent(snapshot.name)}`;
  const change = (action, success) => status.run(action, success).then(load);
  const restore = (one) => change(() => control('POST', `${path(one)}/restore`, {}), `Snapshot '${one.name}' restored.`);
  const remove = (one) => change(() => control('DELETE', path(one)), `Snapshot '${one.name}' deleted.`);
  const line = (one) => h('li', {}, h('span', {}, h('strong', {}, one.name), ' ', h('span.faint', {}, `${dateTime(one.kept_at)} UTC`)), h('span.actions', {},
    h('button', { type: 'button', onclick: () => restore(one) }, 'Restore'), confirmButton('Delete', 'Confirm deletion', () => remove(one))));
  async function load() {
    const { snapshots } = await getControl('/snapshots');
    setChildren(list, snapshots.length ? h('ul.list', {}, snapshots.map(line)) : emptyState('No snapshots yet.'));
  }
  const save = (event) => {
    event.preventDefault();
    change(() => control('POST', '/snapshots', { name: name.value }), `Snapshot '${name.value}' saved.`);
  };
  return { element: section('Snapshots', list, h('form.fields', { onsubmit: save }, field('Snapshot name', name), h('button', { type: 'submit' }, 'Save snapshot')), status.element), load };
}

function resetCard() {
  const status = statusLine();
  const fixture = select([['', 'unchanged'], ['demo', 'demo: the demo orders'], ['empty', 'empty: no orders']], '');
  const seed = h('input', { inputmode: 'numeric', pattern: '-?[0-9]{1,15}', placeholder: 'unchanged' });
  function reset() {
    const body = {};
    if (fixture.value) body.fixture = fixture.value;
    if (seed.value) body.seed = Number(seed.value);
    return status.run(() => control('POST', '/reset', body), 'Reset complete.');
  }
  return {
    element: section('Reset', h('p', {}, 'Loads the fixture again. The request log, the faults and the webhook deliveries are deleted.'),
      h('div.fields', {}, field('Fixture', fixture), field('Seed', seed, 'Start value for ids and generated orders.')), h('p.actions', {}, confirmButton('Reset', 'Confirm reset', reset)), status.element),
  };
}

function dataCard() {
  const status = statusLine();
  const file = h('input', { type: 'file', accept: '.json,.yaml,.yml', onchange: importState });
  async function importState() {
    const [chosen] = file.files;
    if (chosen) await status.run(() => control('PUT', '/state', chosen), `${chosen.name} imported.`);
    file.value = '';
  }
  async function exportState() {
    const text = await status.run(async () => JSON.stringify(await getControl('/state'), null, 2), 'Exported.');
    if (!text) return;
    const link = h('a', { href: URL.createObjectURL(new Blob([text], { type: 'application/json' })), download: `${workspace}.json` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
  return {
    element: section('Export & import', h('p.actions', {}, h('button', { type: 'button', onclick: exportState }, 'Export as JSON')),
      field('Import JSON or YAML', file, 'Replaces the data of this workspace.'), status.element, h('p.faint', {}, `Control API: ${location.origin}${base}/_sandbox`)),
  };
}
