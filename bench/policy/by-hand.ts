/** The same rules as ifs, written by somebody who never forgets one. It answers with the rule, as a decision does. */
import type { BenchRequest } from './rules.ts';

interface Verdict {
  readonly effect: 'permit' | 'deny';
  readonly rules: readonly string[];
}

const denied: Verdict = { effect: 'deny', rules: [] };
const permit = (rule: string): Verdict => ({ effect: 'permit', rules: [rule] });
const forbid = (rule: string): Verdict => ({ effect: 'deny', rules: [rule] });

export function decideByHand({ principal, scopes, action, resource }: BenchRequest): Verdict {
  const isOwner = resource.ownerId === principal.id;
  const isTeam = resource.team === principal.team;
  const { role } = principal;
  const { status } = resource;
  const isAsked = scopes.includes('api');
  switch (action) {
    case 'invoice.read':
      if (isAsked && isOwner) return permit('invoice-owner-reads');
      if (isAsked && isTeam) return permit('invoice-team-reads');
      return isAsked && role === 'accountant' ? permit('invoice-accountant-reads') : denied;
    case 'invoice.export':
      return isAsked && role === 'accountant' ? permit('invoice-accountant-reads') : denied;
    case 'invoice.update':
      if (status === 'void') return forbid('invoice-void-stays');
      return isAsked && isOwner && (status === 'draft' || status === 'open') ? permit('invoice-owner-updates') : denied;
    case 'invoice.delete':
      if (status === 'void') return forbid('invoice-void-stays');
      return isAsked && isOwner && status === 'draft' ? permit('invoice-owner-deletes') : denied;
    case 'invoice.pay':
      if (status === 'void') return forbid('invoice-void-stays');
      return isAsked && role === 'accountant' && status === 'open' ? permit('invoice-accountant-pays') : denied;
    default:
      return decideOther({ principal, scopes, action, resource, context: {} });
  }
}

function decideOther({ principal, scopes, action, resource }: BenchRequest): Verdict {
  const isOwner = resource.ownerId === principal.id;
  const isTeam = resource.team === principal.team;
  const { role } = principal;
  const { status } = resource;
  const isAsked = scopes.includes('api');
  switch (action) {
    case 'project.read':
      if (isAsked && isTeam) return permit('project-team-reads');
      return isAsked && isOwner ? permit('project-owner-reads') : denied;
    case 'project.update':
      if (status === 'archived') return forbid('project-archived-stays');
      if (isAsked && isOwner) return permit('project-owner-updates');
      return isAsked && role === 'lead' && isTeam ? permit('project-lead-updates') : denied;
    case 'project.archive':
      if (status === 'archived') return forbid('project-archived-stays');
      return isAsked && role === 'lead' && isTeam ? permit('project-lead-updates') : denied;
    case 'project.delete':
      if (status === 'archived') return forbid('project-archived-stays');
      return isAsked && isOwner ? permit('project-owner-deletes') : denied;
    case 'comment.read':
      return isAsked && isTeam ? permit('comment-team-reads') : denied;
    case 'comment.update':
      if (status === 'locked') return forbid('comment-locked-stays');
      return isAsked && isOwner ? permit('comment-author-updates') : denied;
    case 'comment.delete':
      if (status === 'locked') return forbid('comment-locked-stays');
      if (isAsked && isOwner) return permit('comment-author-updates');
      return isAsked && role === 'moderator' ? permit('comment-moderator-deletes') : denied;
    case 'report.read':
      if (status === 'secret') return forbid('report-secret-stays');
      return isAsked && isTeam ? permit('report-team-reads') : denied;
    case 'report.publish':
      if (status === 'secret') return forbid('report-secret-stays');
      return isAsked && role === 'lead' && status === 'open' ? permit('report-lead-publishes') : denied;
    default:
      return denied;
  }
}
