/** Finds out who is there and shows the view that the page asks for. */
import { session, whoAmI } from './api.js';
import { showFrame } from './frame.js';
import { loginPath, message, showError } from './pieces.js';
import { showAdmin } from './views/admin.js';
import { showHome, showWelcome } from './views/home.js';
import { showInvoice } from './views/invoice.js';
import { showInvoices } from './views/invoices.js';
import { showProfile } from './views/profile.js';

const views = { home: showHome, invoices: showInvoices, invoice: showInvoice, profile: showProfile, admin: showAdmin };

async function start() {
  const { view } = document.body.dataset;
  if (!Object.hasOwn(views, view)) return;
  try {
    const who = await session();
    if (who.signedIn) {
      // The API's name for them, which they may change, before the one from the sign-in.
      const name = await whoAmI().then(
        (me) => me.displayName,
        () => who.name ?? 'Signed in',
      );
      showFrame(name);
      await views[view](name);
    } else if (view === 'home') showWelcome();
    else {
      message({
        id: 'sign-in-first',
        heading: 'Please sign in',
        text: 'What is on this page belongs to somebody. Sign in to see whether it is you.',
        href: loginPath(),
        link: 'Sign in',
      });
    }
  } catch (error) {
    showError(error);
  }
}

// Going back after a sign-out must not show what was there: a page that comes out of the browser's memory starts anew.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});

await start();
