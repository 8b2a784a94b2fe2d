/**
 * One request to a GraphQL endpoint, from the verified token to the answer, with one outcome event for each operation.
 *
 * Owns: the order: read, prepare, count, permit, execute. Does not own: any of these.
 */

import { describeFailure } from '@castellan/audit';
import { addressBucket, Refusal, refuse } from '@castellan/protocol';
import type { ExecutionArgs, ExecutionResult } from 'graphql';
import type { Access } from '../access.ts';
import { withDeadline } from '../deadline.ts';
import { nameLimit, takeAddress, takeCaller, takeStranger } from '../limits.ts';
import type { Exchange, GuardAnswer } from '../route.ts';
import { requireAuthentication } from '../step-up.ts';
import { endTrace, forkTrace, knowCaller, noticeIn, type Trace } from '../trace.ts';
import {
  errorOf,
  eventStreamType,
  maskResult,
  type Result,
  refusedAnswer,
  resultAnswer,
  variablesRefusal,
} from './answer.ts';
import type { Bounds } from './bounds.ts';
import type { Prepared, Preparer } from './document.ts';
import { contextOf } from './enforce.ts';
import { findText, type ListedOperations } from './listed.ts';
import { type Asker, type Operation, openOperation, refusalOf } from './operation.ts';
import { readRequest, type Sent } from './request.ts';
import { openStream } from './stream.ts';
import { type AnyFieldRule, actionsOf, fieldRule, type Table } from './table.ts';

/** What runs operations: the functions of graphql, or of a server that has its own. */
export interface Engine {
  readonly execute: (args: ExecutionArgs) => unknown;
  readonly subscribe: (args: ExecutionArgs) => unknown;
}

/** An endpoint that was found sound. */
export interface Endpoint {
  readonly schema: ExecutionArgs['schema'];
  readonly table: Table;
  readonly bounds: Bounds;
  readonly preparer: Preparer;
  readonly listed: ListedOperations | undefined;
  readonly isVisible: boolean;
  readonly engine: Engine;
  readonly context: (asker: { readonly principal: unknown; readonly access: Access } | undefined) => object;
  readonly streams: { readonly recheck: number; readonly perSubject: number };
  /** How many streams are open, by whom. */
  readonly open: Map<string, number>;
}

type Plan = { readonly prepared: Prepared } | { readonly prepared?: undefined; readonly refusal: Refusal };

/** Milliseconds that asking again about an open stream may take. */
const recheckTime = 2_000;

export async function answerGraphql(exchange: Exchange, endpoint: Endpoint): Promise<GuardAnswer> {
  const { trace, request } = exchange;
  const isStranger = request.headers['authorization'] === undefined && hasPublicRoots(endpoint);
  const access = isStranger ? undefined : await exchange.readAccess();
  if (access !== undefined) knowCaller(trace, access);
  const sent = await readRequest(exchange, endpoint.bounds);
  const plans = sent.operations.map((one) => planOf(one, { exchange, endpoint, isBatch: sent.isBatch }));
  await takeLimits(plans, { exchange, endpoint, access });
  // Somebody who did not say who it is may ask for what is public, and for nothing beside it.
  if (access === undefined && plans.some((plan) => asksForMore(plan, endpoint))) await exchange.readAccess();
  const asker = access === undefined ? undefined : { access, caller: await exchange.findCaller(access) };
  const answers: GuardAnswer[] = [];
  for (const plan of plans) answers.push(await answerOperation(plan, { exchange, endpoint, asker }));
  const [only] = answers;
  if (!sent.isBatch && only !== undefined) return only;
  return resultAnswer(answers.map(({ body }) => JSON.parse(String(body)) as Result));
}

function hasPublicRoots({ table }: Endpoint): boolean {
  return Object.values(table.fields).some((rule) => rule.public !== undefined && rule.limit !== undefined);
}

function asksForMore({ prepared }: Plan, { table }: Endpoint): boolean {
  const fields = prepared?.rootFields ?? [];
  return fields.some(({ field }) => rootRule(table, prepared, field)?.action !== undefined);
}

function rootRule(table: Table, prepared: Prepared | undefined, field: string): AnyFieldRule | undefined {
  return prepared === undefined ? undefined : fieldRule(table, prepared.rootType, field);
}

interface Planning {
  readonly exchange: Exchange;
  readonly endpoint: Endpoint;
  readonly isBatch: boolean;
}

function planOf(sent: Sent, { exchange, endpoint, isBatch }: Planning): Plan {
  let prepared: Prepared | undefined;
  const refusal = refusalOf(() => {
    const text = findText(sent, endpoint.listed);
    const found = endpoint.preparer.prepare({ ...sent, text });
    checkCarrier(found, { exchange, isBatch });
    prepared = found;
  });
  if (prepared !== undefined) return { prepared };
  return { refusal: refusal ?? new Refusal('server_error') };
}

/** What may not come this way. */
function checkCarrier({ operation }: Prepared, { exchange, isBatch }: Pick<Planning, 'exchange' | 'isBatch'>): void {
  const { request } = exchange;
  if (request.method !== 'POST' && operation.operation !== 'query') {
    refuse('method_not_allowed', { allow: 'POST', detail: `a ${operation.operation} that is no POST` });
  }
  if (operation.operation !== 'subscription') return;
  const accepts = request.headers['accept']?.join(',') ?? '';
  if (isBatch || !/(?:^|,)\s*text\/event-stream\s*(?:[;,]|$)/i.test(accepts)) {
    refuse('media_type_unsupported', { detail: 'a subscription without Accept: text/event-stream' });
  }
}

interface Counting {
  readonly exchange: Exchange;
  readonly endpoint: Endpoint;
  readonly access: Access | undefined;
}

/**
 * Counts each root field as the request of its own that it is, and what was refused as one; all before anything runs
 * . The request itself has been counted for its address already.
 */
async function takeLimits(plans: readonly Plan[], { exchange, endpoint, access }: Counting): Promise<void> {
  const { limiter, route, request } = exchange;
  let isFirst = true;
  for (const { prepared } of plans) {
    for (const field of prepared?.rootFields.map((root) => root.field) ?? [undefined]) {
      if (!isFirst) await takeAddress(limiter);
      isFirst = false;
      const name = `${prepared?.rootType}.${field}`;
      const rule = field === undefined ? undefined : rootRule(endpoint.table, prepared, field);
      const limit = rule?.limit && nameLimit(name, rule.limit, `${route}#${name}`);
      if (access !== undefined) await takeCaller(limiter, { access, headers: request.headers, limit });
      else if (limit !== undefined) await takeStranger(limiter, limit);
    }
  }
}

interface Running {
  readonly exchange: Exchange;
  readonly endpoint: Endpoint;
  readonly asker: Asker | undefined;
}

/** INVARIANT: each operation ends with its own event, also one whose result cannot even be written down. */
async function answerOperation(plan: Plan, running: Running): Promise<GuardAnswer> {
  const { exchange } = running;
  const trace = forkTrace(exchange.trace);
  if (plan.prepared === undefined) return endRefused(plan.refusal, trace, exchange);
  try {
    return await run(plan.prepared, { ...running, trace });
  } catch (error) {
    noticeIn(trace, { type: 'failure', where: 'graphql', error: describeFailure(error) });
    return endRefused(error instanceof Refusal ? error : new Refusal('server_error'), trace, exchange);
  }
}

async function run(prepared: Prepared, running: Running & { readonly trace: Trace }): Promise<GuardAnswer> {
  const { exchange, trace } = running;
  const fields = prepared.rootFields.map(({ field }) => field);
  trace.known.operation = `${prepared.operation.operation} ${fields.join(' ')}`;
  const operation = openOperation({
    policy: exchange.policy,
    runtime: exchange.runtime,
    hold: exchange.hold,
    trace,
    asker: running.asker,
    counted: new Set(prepared.rootFields.map(({ key }) => key)),
  });
  const started = { ...running, prepared, operation };
  const refusal = permitRoots(started);
  if (refusal !== undefined) return endRefused(refusal, trace, exchange, operation);
  return prepared.operation.operation === 'subscription' ? subscribe(started) : execute(started);
}

interface Started extends Running {
  readonly trace: Trace;
  readonly prepared: Prepared;
  readonly operation: Operation;
}

function endRefused(refusal: Refusal, ...[trace, exchange, operation]: [Trace, Exchange, Operation?]): GuardAnswer {
  const answer = refusedAnswer(refusal, { ...exchange, trace });
  if (operation !== undefined) knowDecisions(trace, operation);
  endTrace(trace, answer.status, refusal);
  return answer;
}

/** The functions, before anything runs: a refusal when none of the root fields is permitted, else each is told apart. */
function permitRoots(started: Started): Refusal | undefined {
  const { prepared, operation, trace } = started;
  const actions = new Set<string>();
  for (const { key, field } of prepared.rootFields) {
    const refusal = refusalOf(() => requireRoot(field, started, actions));
    if (refusal !== undefined) operation.refusedRoots.set(key, refusal);
  }
  if (actions.size > 0) trace.known.action = [...actions].join(' ');
  const refusals = [...operation.refusedRoots.values()];
  const [first] = refusals;
  if (first === undefined || refusals.length < prepared.rootFields.length) return undefined;
  const scopes = new Set(refusals.flatMap(({ context }) => context.scope?.split(' ') ?? []));
  const isLacking = refusals.every(({ reason }) => reason === 'insufficient_scope');
  // A client learns at once all that it lacks.
  return isLacking ? new Refusal('insufficient_scope', { ...first.context, scope: [...scopes].join(' ') }) : first;
}

function requireRoot(field: string, { endpoint, prepared, operation, exchange }: Started, actions: Set<string>): void {
  const rule = rootRule(endpoint.table, prepared, field);
  const asked = actionsOf(rule?.action);
  for (const action of asked) actions.add(action);
  operation.requireFunction(asked);
  if (rule?.authentication === undefined) return;
  requireAuthentication(operation.asker().access, rule.authentication, exchange.runtime.now());
}

function argsOf({ endpoint, prepared, operation, asker }: Started): ExecutionArgs {
  const { name } = prepared.operation;
  const known = asker === undefined ? undefined : { principal: asker.caller.principal, access: asker.access };
  return {
    schema: endpoint.schema,
    document: prepared.document,
    variableValues: prepared.variables,
    contextValue: contextOf(operation, endpoint.context(known)),
    ...(name === undefined ? {} : { operationName: name.value }),
  };
}

async function execute(started: Started): Promise<GuardAnswer> {
  const { endpoint, operation, trace, exchange } = started;
  const result = await settled(started, () => endpoint.engine.execute(argsOf(started)));
  if (isAsyncIterable(result)) return endRefused(failed(operation, 'an answer in parts'), trace, exchange, operation);
  const { data, errors = [] } = result;
  if (data === undefined) {
    const refusal = operation.worst() ?? variablesRefusal(errors, endpoint.isVisible);
    return endRefused(refusal, trace, exchange, operation);
  }
  const answer = resultAnswer(maskResult(result, operation));
  knowDecisions(trace, operation);
  endTrace(trace, answer.status, operation.worst());
  return answer;
}

/** What the engine answers; what it throws is a failure. */
async function settled(
  { operation }: Started,
  run: () => unknown,
): Promise<ExecutionResult | AsyncIterable<ExecutionResult>> {
  try {
    return (await run()) as ExecutionResult | AsyncIterable<ExecutionResult>;
  } catch (error) {
    operation.refuseAt('', error);
    return { errors: [] };
  }
}

function failed(operation: Operation, detail: string): Refusal {
  return operation.refuseAt('', new Refusal('server_error', { detail }));
}

/** What the one outcome event says was decided. */
function knowDecisions(trace: Trace, operation: Operation): void {
  const decisions = operation.decisions();
  const objects = new Set(decisions.flatMap((one) => one.objects));
  const narrow = [...objects].filter((object) => object.includes('/'));
  const [object] = narrow.length === 0 ? objects : narrow;
  const { known } = trace;
  known.decisions = decisions;
  known.rules = [...new Set(decisions.flatMap(({ rules }) => rules))];
  // One object is told as on any other route; of several the decisions tell.
  if (narrow.length <= 1 && object !== undefined) known.object = object;
}

async function subscribe(started: Started): Promise<GuardAnswer> {
  const { endpoint, operation, trace, exchange } = started;
  const release = takeStream(started);
  if (release === undefined) {
    return endRefused(
      new Refusal('rate_limited', { retryAfter: 60, detail: 'open streams' }),
      trace,
      exchange,
      operation,
    );
  }
  const result = await settled(started, () => endpoint.engine.subscribe(argsOf(started)));
  if (!isAsyncIterable(result)) {
    release();
    const refusal = operation.worst() ?? variablesRefusal(result.errors ?? [], endpoint.isVisible);
    return endRefused(refusal, trace, exchange, operation);
  }
  const stream = openStream({
    results: result[Symbol.asyncIterator](),
    runtime: exchange.runtime,
    every: endpoint.streams.recheck * 1000,
    recheck: () => recheck(started),
    prepare: () => {
      operation.forget();
      operation.isEventDenied = false;
    },
    shape: (one) => (operation.isEventDenied ? undefined : maskResult(one, operation)),
    failed: (error) => operation.refuseAt('', error),
    errors: (refusal) => ({ errors: [errorOf(refusal, operation.correlation)] }),
    end: (refusal) => {
      release();
      knowDecisions(trace, operation);
      endTrace(trace, 200, refusal ?? operation.worst());
    },
  });
  return { status: 200, headers: { 'content-type': eventStreamType }, body: '', stream };
}

/** The same questions as at the beginning, with the answers of now. */
async function recheck(started: Started): Promise<Refusal | undefined> {
  const { asker, exchange, operation, prepared } = started;
  if (asker === undefined) return undefined;
  try {
    await withDeadline(exchange.runtime, recheckTime, renew(exchange, operation));
  } catch (error) {
    return error instanceof Refusal ? error : operation.refuseAt('', error);
  }
  for (const { field } of prepared.rootFields) {
    const refusal = refusalOf(() => requireRoot(field, started, new Set()));
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

async function renew(exchange: Exchange, operation: Operation): Promise<void> {
  const access = await exchange.readAccess();
  operation.replaceAsker({ access, caller: await exchange.findCaller(access) });
}

/** One more open stream of this subject, or of this address (IPv6: /64) without one; undefined when there are too many. The answer gives it back. */
function takeStream({ endpoint, asker, exchange }: Started): (() => void) | undefined {
  const { open, streams } = endpoint;
  const { address } = exchange.trace;
  const key =
    asker === undefined ? addressBucket(address) : JSON.stringify([asker.access.issuer, asker.access.subject]);
  const count = open.get(key) ?? 0;
  if (count >= streams.perSubject) {
    noticeIn(exchange.trace, { type: 'limit.hit', limit: 'streams', address });
    return undefined;
  }
  open.set(key, count + 1);
  return () => {
    const left = (open.get(key) ?? 1) - 1;
    if (left > 0) open.set(key, left);
    else open.delete(key);
  };
}

function isAsyncIterable<T>(value: unknown): value is AsyncIterable<T> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
