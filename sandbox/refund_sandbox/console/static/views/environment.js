/** The world: its workspace, settings, clock and snapshots, and starting over. */

import { base, control, forgetCredentials, read, workspace } from '../api.js';
import { careful, choice, field, fill, h, soon } from '../dom.js';
import { instant, when } from '../format.js';
import { listen } from '../connection.js';
import { empty, outcome } from '../components.js';

export async function open(root) {
  const columns = [[clockPart(), snapshotsPart(), workspacePart()], [settingsPart(), statePart()]];
  const parts = columns.flat();
  fill(root, h('div.head', {}, h('h1', {}, 'World')), h('div.columns', {}, columns.map((column) => h('div', {}, column.map((part) => part.element)))));
  const look = () => Promise.all(parts.map((part) => part.look && part.look()));
  const again = soon(() => look().catch(() => {}));
  const end = listen('world', () => { forgetCredentials(); again(); });
  await look();
  return () => {
    end();
    parts.forEach((part) => part.close && part.close());
  };
}

function section(title, ...children) {
  return h('section.card', {}, h('h2', {}, title), children);
}

function workspacePart() {
  const list = h('ul.list');
  const name = h('input', { required: true, pattern: '[A-Za-z0-9][A-Za-z0-9._\\-]{0,63}', placeholder: 'checkout-test' });
  const go = (event) => {
    event.preventDefault();
    location.assign(name.value === 'default' ? '/' : `/w/${encodeURIComponent(name.value)}/#/world`);
  };
  const element = section('Workspace', h('p', {}, 'You are in ', h('strong', {}, workspace), '. Each workspace is a whole sandbox of its own, made when it is first asked for.'),
    list, h('form.fields', { onsubmit: go }, field('Another workspace', name), h('button', { type: 'submit' }, 'Go there')));
  return {
    element,
    async look() {
      const { workspaces } = await read('/workspaces');
      fill(list, workspaces.map((one) => h('li', {}, one === workspace ? h('strong', {}, one) : h('a', { href: one === 'default' ? '/#/world' : `/w/${encodeURIComponent(one)}/#/world` }, one))));
    },
  };
}

function clockPart() {
  const now = h('output.clock', { 'aria-label': 'Time in this workspace' });
  const state = h('span.faint');
  const said = outcome();
  const by = h('input', { value: '30d', pattern: '[0-9]{1,6}[smhd]', size: 6, required: true });
  const set = h('input', { placeholder: '2026-12-01T10:00:00Z' });
  const freeze = h('button', { type: 'button', onclick: () => act(() => control('PUT', '/clock', { frozen: !frozen })) }, 'Freeze');
  let [frozen, ahead] = [false, 0];
  const act = (work) => said.of(work).then((clock) => clock && show(clock));
  const advance = (span) => act(() => control('POST', '/clock/advance', { by: span }));
  function show(clock) {
    frozen = clock.frozen;
    ahead = instant(clock.now) - Date.now();
    now.dataset.at = clock.now;
    freeze.textContent = frozen ? 'Let it run' : 'Freeze';
    state.textContent = frozen ? 'frozen' : clock.ahead_seconds ? `running, ${Math.round(clock.ahead_seconds / 36) / 100} h ahead` : 'running, real time';
    tick();
  }
  function tick() {
    now.textContent = when(frozen ? now.dataset.at : new Date(Date.now() + ahead).toISOString());
  }
  const timer = setInterval(tick, 1000);
  const spans = ['1h', '1d', '30d'].map((span) => h('button', { type: 'button', onclick: () => advance(span) }, `+ ${span}`));
  const element = section('Clock', h('p', {}, now, ' UTC ', state),
    h('p', {}, 'Settlements, renewals and webhooks that fall due on the way are done.'),
    h('p.actions', {}, freeze, spans, h('button', { type: 'button', onclick: () => act(() => control('PUT', '/clock', { now: null, frozen: false })) }, 'Real time')),
    h('form.fields', { onsubmit: (event) => { event.preventDefault(); advance(by.value); } }, field('Advance by', by, '90s, 15m, 2h, 30d'), h('button', { type: 'submit' }, 'Advance')),
    h('form.fields', { onsubmit: (event) => { event.preventDefault(); act(() => control('PUT', '/clock', { now: set.value })); } }, field('Set to', set), h('button', { type: 'submit' }, 'Set')), said.element);
  return { element, look: async () => show(await read('/clock')), close: () => clearInterval(timer) };
}

const BOOLEAN = [['false', 'off'], ['true', 'on']];

function settingsPart() {
  const said = outcome();
  const controls = {
    'validation': choice(['strict', 'live'], '', {}),
    'fluentcart.version': choice([['1.6.2', '1.6.2: minor units'], ['1.3.25', '1.3.25: major units']], '', {}),
    'funnelfox.envelope': choice(BOOLEAN, '', {}),
    'funnelfox.error_status': choice(['200', '400', '422'], '', {}),
    'funnelfox.settle_after': h('input', { pattern: '[0-9]+[smhd]' }),
    'webhooks.retries': h('input', { type: 'number', min: 0, max: 100 }),
    'webhooks.first_retry': h('input', { pattern: '[0-9]+[smhd]' }),
    'webhooks.longest_retry': h('input', { pattern: '[0-9]+[smhd]' }),
    'webhooks.timeout': h('input', { pattern: '[0-9]+[smhd]' }),
  };
  let document = {};
  const place = (path) => path.split('.').reduce((part, name) => part && part[name], document);
  async function save(event) {
    event.preventDefault();
    const wanted = structuredClone(document);
    for (const [path, input] of Object.entries(controls)) {
      const names = path.split('.');
      const last = names.pop();
      const part = names.reduce((inner, name) => inner[name], wanted);
      part[last] = typeof part[last] === 'boolean' ? input.value === 'true' : typeof part[last] === 'number' ? Number(input.value) : input.value;
    }
    await said.of(() => control('PUT', '/settings', wanted), 'Kept.');
  }
  const element = section('Settings', h('form', { onsubmit: save }, h('div.fields', {}, Object.entries(controls).map(([path, input]) => field(path, input))),
    h('button', { type: 'submit' }, 'Keep settings'), said.element));
  return {
    element,
    async look() {
      document = await read('/settings');
      for (const [path, input] of Object.entries(controls)) if (input !== globalThis.document.activeElement) input.value = String(place(path));
    },
  };
}

function snapshotsPart() {
  const list = h('div');
  const said = outcome();
  const name = h('input', { required: true, pattern: '[A-Za-z0-9][A-Za-z0-9._\\-]{0,63}', placeholder: 'before-the-demo' });
  const path = (one) => `/snapshots/${encodeURIComponent(one.name)}`;
  const act = (work, done) => said.of(work, done).then(look);
  const line = (one) => h('li', {}, h('span', {}, h('strong', {}, one.name), ' ', h('span.faint', {}, when(one.kept_at))), h('span.actions', {},
    h('button', { type: 'button', onclick: () => act(() => control('POST', `${path(one)}/restore`, {}), `Back at ${one.name}.`) }, 'Restore'),
    careful('Delete', 'Really delete?', () => act(() => control('DELETE', path(one)), 'Deleted.'))));
  async function look() {
    const { snapshots } = await read('/snapshots');
    fill(list, snapshots.length ? h('ul.list', {}, snapshots.map(line)) : empty('No world was kept yet.'));
  }
  const keep = (event) => {
    event.preventDefault();
    act(() => control('POST', '/snapshots', { name: name.value }), 'Kept.');
  };
  return { element: section('Snapshots', list, h('form.fields', { onsubmit: keep }, field('Name', name), h('button', { type: 'submit' }, 'Keep this world')), said.element), look };
}

function statePart() {
  const said = outcome();
  const fixture = choice([['', 'as it was started'], ['demo', 'the demo world'], ['empty', 'an empty world']], '');
  const seed = h('input', { inputmode: 'numeric', pattern: '-?[0-9]{1,15}', placeholder: 'as it is' });
  const file = h('input', { type: 'file', accept: '.json,.yaml,.yml', onchange: load });
  function reset() {
    const wanted = {};
    if (fixture.value) wanted.fixture = fixture.value;
    if (seed.value) wanted.seed = Number(seed.value);
    return said.of(() => control('POST', '/reset', wanted), 'The world is as it was in the beginning.');
  }
  async function load() {
    const [chosen] = file.files;
    if (chosen) await said.of(() => control('PUT', '/state', chosen), `${chosen.name} is the world now.`);
    file.value = '';
  }
  async function save() {
    const text = await said.of(async () => JSON.stringify(await read('/state'), null, 2), 'Exported.');
    if (!text) return;
    const link = h('a', { href: URL.createObjectURL(new Blob([text], { type: 'application/json' })), download: `${workspace}.json` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
  return {
    element: section('Start over', h('p', {}, 'Reset also empties the journal, the failures and the deliveries.'),
      h('div.fields', {}, field('Fixture', fixture), field('Seed', seed)), h('p.actions', {}, careful('Reset the world', 'Really reset?', reset)),
      h('h3', {}, 'Move it'), h('p.actions', {}, h('button', { type: 'button', onclick: save }, 'Export as JSON')),
      field('Import JSON or YAML, in place of this world', file), said.element, h('p.faint', {}, `Control API: ${location.origin}${base}/_sandbox`)),
  };
}
