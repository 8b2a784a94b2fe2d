/**
 * What the event of a request says whose body a framework has read before the guard could: it then looks empty, and
 * what was parsed was not checked. The sender gets 500 and is told nothing of it.
 */
export const bodyTaken = 'the body was read before the guard: put the guard before every body parser';
