/** Asks for the admin token where the server was started with one. */

import { getControl, onUnauthorized, token } from './api.js';
import { field, h, setChildren } from './dom.js';

const WRONG_TOKEN = 'Wrong admin token.';
let locked = false;

/** Whether the login form is shown, so that nothing may replace it. */
export const isLocked = () => locked;

/** Shows the login form in an element when the token is missing or wrong; `retry` runs after the login. */
export function askForToken(main, retry) {
  onUnauthorized(() => {
    if (locked) return;
    locked = true;
    const input = h('input', { type: 'password', autocomplete: 'off', required: true });
    const error = h('p.outcome.error', { role: 'alert' }, token.read() ? WRONG_TOKEN : '');
    setChildren(main, h('form.login', { onsubmit: logIn }, h('h1', {}, 'Admin token required'),
      h('p', {}, 'The server was started with --admin-token. The console stores the token until this tab is closed.'),
      field('Admin token', input), error, h('button.primary', { type: 'submit' }, 'Log in')));
    input.focus();

    async function logIn(event) {
      event.preventDefault();
      token.save(input.value);
      try {
        await getControl('/settings');
      } catch (problem) {
        token.delete();
        error.textContent = problem.status === 401 ? WRONG_TOKEN : problem.message;
        input.select();
        return;
      }
      locked = false;
      retry();
    }
  });
}
