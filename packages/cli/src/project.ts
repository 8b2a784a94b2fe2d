/** The shape of a project that `castellan dev` runs: one issuer, its demo people, and the apps around it. */
import type { Config, Profile } from '@castellan/server';

/**
 * A project, exported as `project` from `castellan.config.ts`.
 *
 * @example export const project: DevelopmentProject = { name: 'invoices', ports: ['api', 'web'], describe };
 */
export interface DevelopmentProject {
  readonly name: string;
  /** Names of the apps in the order of their ports: the first listens one above the issuer, and so on. */
  readonly ports: readonly string[];
  /** Says what runs at a place; called once, before anything is created there. */
  readonly describe: (place: DevelopmentPlace) => DevelopmentSetup;
}

/** Where a project runs on this machine. */
export interface DevelopmentPlace {
  /** The absolute folder of everything the project stores. */
  readonly folder: string;
  /** `http://localhost:4000` unless another port was asked for. */
  readonly issuer: string;
  /** The origin of each app by its name in `ports`: `http://127.0.0.1:4001`. */
  readonly urls: Readonly<Record<string, string>>;
}

/** What runs there. */
export interface DevelopmentSetup {
  /** The issuer. Files that its secrets point to are created when they are missing, readable by their owner only. */
  readonly config: Config;
  /** Accounts that are created once, each with a generated password. */
  readonly people: readonly DemoPerson[];
  readonly apps: readonly DevelopmentApp[];
  /** Lines for somebody who has just started it. */
  readonly tryNext: readonly string[];
}

export interface DemoPerson {
  readonly loginName: string;
  /** Who this is, for the reader of `demo-people.txt`. */
  readonly description: string;
  readonly profile: Profile;
}

/** A process beside the issuer. It says `process.send?.('ready')` once it listens, and ends on SIGTERM. */
export interface DevelopmentApp {
  /** One of the project's `ports`. */
  readonly name: string;
  /** The file that Node runs. */
  readonly entry: URL;
  readonly environment: Readonly<Record<string, string>>;
}
