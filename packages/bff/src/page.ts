/** The few pages the BFF shows itself: on from a sign-in, asked to sign in from elsewhere, and something went wrong. */

/** Text made safe for element content and for quoted attributes. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

interface PageShape {
  readonly title: string;
  /** Raw HTML: everything variable in it is escaped already. */
  readonly main: string;
  readonly head?: string;
  readonly stylesheet: string | undefined;
}

function page({ title, main, head = '', stylesheet }: PageShape): string {
  const link = stylesheet === undefined ? '' : `<link rel="stylesheet" href="${escapeHtml(stylesheet)}">`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
${head}${link}
</head>
<body class="plain-page">
<main>
<h1>${escapeHtml(title)}</h1>
${main}
</main>
</body>
</html>
`;
}

/**
 * A page that moves on by itself to a path of this app.
 *
 * Not a redirect: the browser came here from the issuer, and a Strict cookie does not travel on a redirect that
 * another site began. What this page starts is a navigation of our own.
 */
export function onwardPage(path: string, stylesheet: string | undefined): string {
  const target = escapeHtml(path);
  return page({
    title: 'You are signed in',
    head: `<meta http-equiv="refresh" content="0;url=${target}">\n`,
    main: `<p><a id="continue" href="${target}">Continue</a></p>`,
    stylesheet,
  });
}

/** Asks before signing in, because another site's link led here. */
export function askToSignInPage(loginPath: string, stylesheet: string | undefined): string {
  return page({
    title: 'Sign in',
    main: `<p>A link from another site brought you here. Go on if you want to sign in.</p>
<p><a class="button" id="sign-in" href="${escapeHtml(loginPath)}">Sign in</a></p>`,
    stylesheet,
  });
}

/** What went wrong, in constant words, with the reference a person can quote. */
export function problemPage(problem: {
  readonly code: string;
  readonly description: string;
  readonly correlation: string;
  readonly stylesheet: string | undefined;
}): string {
  return page({
    title: 'This did not work',
    main: `<p id="error-description">${escapeHtml(problem.description)}</p>
<p><a class="button" id="home" href="/">Back to the start</a></p>
<p class="small">Error <code id="error-code">${escapeHtml(problem.code)}</code>, reference <code>${escapeHtml(problem.correlation)}</code></p>`,
    stylesheet: problem.stylesheet,
  });
}
