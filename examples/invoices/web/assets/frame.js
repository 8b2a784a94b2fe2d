/** The frame around the views: who is signed in, and the way out. */
import { signOut } from './api.js';
import { element } from './dom.js';
import { initials } from './format.js';

/** Shows the person's name in the frame. */
export function showPerson(name) {
  const slot = document.querySelector('#person');
  slot.replaceChildren(
    element('span.initials', { 'aria-hidden': 'true' }, initials(name)),
    element('span.name', { id: 'user-name' }, name),
  );
}

/** The frame of somebody who is signed in. */
export function showFrame(name) {
  document.querySelector('#pages').hidden = false;
  document.querySelector('#account').hidden = false;
  showPerson(name);
  const button = document.querySelector('#sign-out');
  const leave = async () => {
    if (button.getAttribute('aria-disabled') === 'true') return;
    button.setAttribute('aria-disabled', 'true');
    try {
      await signOut();
    } catch {
      // Whatever went wrong, the person must not believe that they are signed out.
      button.removeAttribute('aria-disabled');
      button.textContent = 'Sign out did not work, try again';
    }
  };
  button.addEventListener('click', () => void leave());
}
