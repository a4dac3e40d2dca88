/** Asks for the admin token where the sandbox was started with one. */

import { onLocked, read, token } from './api.js';
import { field, fill, h } from './dom.js';

let locked = false;

/** Whether the token is being asked for, so that nothing else is to be shown. */
export const isLocked = () => locked;

/** Asks inside an element when the token is missing or wrong; `again` shows what was asked for once it is right. */
export function askForToken(main, again) {
  onLocked(() => {
    if (locked) return;
    locked = true;
    const input = h('input', { type: 'password', autocomplete: 'off', required: true });
    const wrong = h('p.outcome.error', { role: 'alert' }, token.read() ? 'That is not the admin token.' : '');
    fill(main, h('form.login', { onsubmit: enter }, h('h1', {}, 'This sandbox is locked'),
      h('p', {}, 'It was started with --admin-token. The token is kept until this tab is closed.'),
      field('Admin token', input), wrong, h('button.primary', { type: 'submit' }, 'Log in')));
    input.focus();

    async function enter(event) {
      event.preventDefault();
      token.keep(input.value);
      try {
        await read('/settings');
      } catch (error) {
        token.forget();
        wrong.textContent = error.status === 401 ? 'That is not the admin token.' : error.message;
        input.select();
        return;
      }
      locked = false;
      again();
    }
  });
}
