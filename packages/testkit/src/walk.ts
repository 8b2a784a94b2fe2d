/** The person's part of a sign-in: types name and password, and says yes or no, until the pages end. */
import type { Browser } from './browser.ts';
import type { Page } from './page.ts';

export interface Person {
  readonly loginName: string;
  readonly password: string;
}

export interface WalkOptions {
  readonly consent?: 'allow' | 'deny';
  /** Cancels the sign-in instead. */
  readonly cancel?: boolean;
}

/** Answers the sign-in and consent pages; ends at the first other page, or when a page asks a second time. */
export async function walk(browser: Browser, person: Person, options: WalkOptions = {}): Promise<Page> {
  const { consent = 'allow', cancel = false } = options;
  if (browser.page().find('login-submit') !== undefined) {
    if (cancel) return browser.click('login-cancel');
    await signIn(browser, person);
  }
  if (browser.page().find('consent-allow') !== undefined) await browser.click(`consent-${consent}`);
  return browser.page();
}

/** Fills the sign-in page in and submits it. */
export async function signIn(browser: Browser, person: Person): Promise<Page> {
  browser.fill('username', person.loginName);
  browser.fill('password', person.password);
  return browser.click('login-submit');
}
