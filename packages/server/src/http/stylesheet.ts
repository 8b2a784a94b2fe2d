/** The one stylesheet of our pages: light and dark, phone and desk, no font and no image from elsewhere. */

export const stylesheet: string = `:root {
  color-scheme: light dark;
  --ground: #f3f1ec;
  --card: #fffefb;
  --line: #dedad0;
  --ink: #1c2422;
  --quiet: #55605c;
  --accent: #1f5c57;
  --accent-strong: #164743;
  --on-accent: #ffffff;
  --field: #ffffff;
  --field-line: #7d8783;
  --alert: #8f1f1a;
  --alert-ground: #fbeeec;
  --wash: #eef3f1;
  --focus: #1f5c57;
  --shadow: 0 1px 2px rgb(28 36 34 / 6%), 0 12px 32px -12px rgb(28 36 34 / 18%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #111716;
    --card: #1a2220;
    --line: #313c39;
    --ink: #e9eeec;
    --quiet: #a9b5b1;
    --accent: #8ed1c6;
    --accent-strong: #a9e0d6;
    --on-accent: #0d211e;
    --field: #131a19;
    --field-line: #7f8d89;
    --alert: #ffb4ab;
    --alert-ground: #3a1d1b;
    --wash: #212c29;
    --focus: #8ed1c6;
    --shadow: 0 1px 2px rgb(0 0 0 / 30%), 0 16px 40px -16px rgb(0 0 0 / 60%);
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { background: var(--ground); -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0;
  min-height: 100vh;
  min-height: 100dvh;
  display: flex;
  flex-direction: column;
  align-items: center;
  padding: clamp(1rem, 7vh, 5rem) 1rem 2rem;
  background: var(--ground);
  color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", sans-serif;
}
.brand {
  width: 100%;
  max-width: 27rem;
  display: flex;
  align-items: center;
  gap: .6rem;
  margin: 0 0 1rem;
  padding: 0 .25rem;
  color: var(--quiet);
  font-size: .9375rem;
  overflow-wrap: anywhere;
}
.brand img { display: block; width: 1.75rem; height: 1.75rem; padding: .2rem; border-radius: .4rem; background: #fff; flex: none; }
main {
  width: 100%;
  max-width: 27rem;
  padding: clamp(1.25rem, 5vw, 2.25rem);
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 1rem;
  box-shadow: var(--shadow);
}
h1 { margin: 0; font-size: 1.625rem; line-height: 1.2; font-weight: 650; letter-spacing: -.015em; text-wrap: balance; overflow-wrap: anywhere; }
h2 { margin: 0; font-size: 1rem; line-height: 1.35; font-weight: 650; overflow-wrap: anywhere; }
p { margin: 0; }
strong { font-weight: 650; overflow-wrap: anywhere; }
a { color: var(--accent); text-underline-offset: .2em; text-decoration-thickness: .06em; }
a:hover { color: var(--accent-strong); text-decoration-thickness: .12em; }
.lead { margin-top: .5rem; color: var(--quiet); }
.lead strong { color: var(--ink); }
.client-logo { display: block; width: auto; max-width: 12rem; height: 3rem; object-fit: contain; margin: 0 0 1.25rem; }
form { margin: 1.75rem 0 0; }
.field { margin: 0 0 1.125rem; }
label { display: block; margin: 0 0 .375rem; font-weight: 600; font-size: .9375rem; }
input {
  display: block;
  width: 100%;
  min-height: 3rem;
  padding: .625rem .875rem;
  font: inherit;
  color: inherit;
  background: var(--field);
  border: 1px solid var(--field-line);
  border-radius: .625rem;
}
input.code { font: 600 1.375rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; letter-spacing: .12em; text-transform: uppercase; }
input.code::placeholder { color: var(--quiet); font-weight: 400; }
input[aria-invalid="true"] { border-color: var(--alert); }
.actions { display: flex; flex-direction: column; gap: .625rem; margin-top: 1.625rem; }
.actions.pair { flex-direction: row; }
.actions.pair > * { flex: 1 1 0; }
button, .button {
  display: flex;
  align-items: center;
  justify-content: center;
  min-height: 3rem;
  padding: .625rem 1.25rem;
  font: inherit;
  font-weight: 600;
  text-align: center;
  text-decoration: none;
  border: 1px solid var(--accent);
  border-radius: .625rem;
  background: var(--accent);
  color: var(--on-accent);
  cursor: pointer;
}
button:hover, .button:hover { background: var(--accent-strong); border-color: var(--accent-strong); color: var(--on-accent); }
button.plain, .button.plain { background: transparent; border-color: var(--field-line); color: var(--ink); }
button.plain:hover, .button.plain:hover { background: var(--wash); border-color: var(--ink); color: var(--ink); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
input:focus-visible { outline-offset: 0; border-color: var(--focus); }
.alert {
  margin: 1.25rem 0 0;
  padding: .75rem 1rem;
  border-left: 4px solid var(--alert);
  border-radius: .375rem;
  background: var(--alert-ground);
  color: var(--alert);
  font-weight: 600;
}
.alert + .lead { margin-top: 1.5rem; }
.who { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: .25rem 1rem; margin-top: 1.25rem; padding: .75rem 1rem; border-radius: .625rem; background: var(--wash); font-size: .9375rem; }
.who strong { display: block; }
.who small { display: block; color: var(--quiet); font-size: .875rem; overflow-wrap: anywhere; }
.grants { margin: 1.5rem 0 0; padding: 0; list-style: none; display: grid; gap: 1.125rem; }
.grants h2 + p, .grants h4 + p { color: var(--quiet); font-size: .875rem; overflow-wrap: anywhere; }
.grants ul { margin: .5rem 0 0; padding: 0; list-style: none; display: grid; gap: .3rem; }
.grants ul li { position: relative; padding-left: 1.5rem; }
.grants ul li::before { content: ""; position: absolute; left: .2rem; top: .45em; width: .4rem; height: .7rem; border: solid var(--accent); border-width: 0 .14rem .14rem 0; transform: rotate(42deg); }
.inline { margin: .75rem 0 0; }
.who .inline { align-self: center; margin: 0; }
.inline button { min-height: 2.5rem; padding: .375rem .875rem; font-size: .9375rem; }
.note { margin: 1.25rem 0 0; padding: .75rem 1rem; border-left: 4px solid var(--accent); border-radius: .375rem; background: var(--wash); font-weight: 600; }
.section { margin-top: 2rem; padding-top: 1.25rem; border-top: 1px solid var(--line); font-size: 1.125rem; }
.items { margin: 1rem 0 0; padding: 0; list-style: none; display: grid; gap: 1.5rem; }
.items h3, .items h4 { margin: 0; font-size: 1rem; line-height: 1.35; font-weight: 650; overflow-wrap: anywhere; }
.items h4 { font-size: .9375rem; }
.items h3 + .small { margin-top: .125rem; }
.items .grants { margin-top: .75rem; gap: .75rem; }
.facts { margin: 1.5rem 0 0; padding: 1.125rem 0 0; border-top: 1px solid var(--line); display: grid; gap: .75rem; font-size: .9375rem; }
.facts dt { color: var(--quiet); font-size: .875rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.small { margin-top: 1.25rem; color: var(--quiet); font-size: .875rem; }
code { font: .875rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere; }
footer { width: 100%; max-width: 27rem; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin-top: 1rem; padding: 0 .25rem; font-size: .875rem; color: var(--quiet); }
footer a { color: inherit; }
@media (max-width: 22rem) { .actions.pair { flex-direction: column; } }
@media (forced-colors: active) { main { border-color: CanvasText; } .grants ul li::before { border-color: CanvasText; } }
`;
