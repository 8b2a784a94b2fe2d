import { secureUrl } from '@castellan/protocol';
import type { FeedConfig } from './follow-feed.ts';
import type { StatusListsConfig } from './status-lists.ts';

/** What is missing or weak; the rules for the tokens of lists are the verifier's own check. */
export function statusListsProblems(config: Partial<StatusListsConfig>): readonly string[] {
  const { issuer, algorithms, jwksUri, discovery, staleness = 15, feed } = config;
  const problems: string[] = [];
  if (typeof issuer !== 'string' || secureUrl(issuer) === undefined) {
    problems.push('statusLists.issuer must be https (http on a loopback host)');
  }
  if (!Array.isArray(algorithms) || algorithms.length === 0) problems.push('statusLists.algorithms is missing');
  if ((jwksUri === undefined) === (discovery === undefined))
    problems.push('statusLists: jwksUri or discovery, not both');
  // The issuer says every five seconds that nothing has changed; one such word may be lost.
  const least = feed === undefined ? 1 : 15;
  if (typeof staleness !== 'number' || !(staleness >= least && staleness <= 300)) {
    problems.push(`statusLists.staleness must be ${least} to 300 seconds`);
  }
  return [...problems, ...(feed === undefined ? [] : feedProblems(feed))];
}

function feedProblems({ endpoint, client, secret, key }: Partial<FeedConfig>): readonly string[] {
  const problems: string[] = [];
  if (typeof endpoint !== 'string' || secureUrl(endpoint) === undefined) {
    problems.push('statusLists.feed.endpoint must be https (http on a loopback host)');
  }
  if (typeof client !== 'string' || client === '') problems.push('statusLists.feed.client is missing');
  if ((secret === undefined) === (key === undefined)) problems.push('statusLists.feed: secret or key, not both');
  if (secret !== undefined && (typeof secret !== 'string' || secret.length < 16)) {
    problems.push('statusLists.feed.secret is too short');
  }
  return problems;
}
