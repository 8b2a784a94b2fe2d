/** What a `castellan.config.ts` needs: the types of a project that `castellan dev` runs. */
export type { DemoPerson, DevelopmentApp, DevelopmentPlace, DevelopmentProject, DevelopmentSetup } from './project.ts';
