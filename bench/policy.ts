/**
 * What a decision costs: ours, the same rules as ifs, and what others use.
 *
 * Run it with `npm run bench:policy`. All contestants run in turns of a few milliseconds, so that whatever else the
 * machine does slows them alike: compare ratios of one run, never times of two.
 */
import { systemRuntime } from '@castellan/protocol';
import { decideByHand } from './policy/by-hand.ts';
import { casbin, casl, cedar, type Decide } from './policy/others.ts';
import { policy, requests } from './policy/rules.ts';

/** Milliseconds of a turn, and how many turns each contestant has. */
const turn = 4;
const turns = 120;

const contestants: Readonly<Record<string, Decide | undefined>> = {
  'ifs by hand': (request) => decideByHand(request).effect === 'permit',
  decide: (request) => policy.decide(request).effect === 'permit',
  'decider, kept by person': prepared(),
  'CASL, ability kept': await casl(),
  'Cedar, policies kept': cedar(),
  casbin: await casbin(),
};

/** One for each person and action, kept as CASL's abilities are. */
function prepared(): Decide {
  const deciders = new Map<string, Map<string, ReturnType<typeof policy.decider>>>();
  return (request) => {
    const { principal, action } = request;
    let own = deciders.get(principal.id);
    if (own === undefined) deciders.set(principal.id, (own = new Map()));
    let decideOn = own.get(action);
    if (decideOn === undefined) own.set(action, (decideOn = policy.decider(request)));
    return decideOn(request.resource).effect === 'permit';
  };
}

/** Nanoseconds of a decision. */
function measure(decide: Decide, rounds: number): number {
  let permits = 0;
  const from = systemRuntime.monotonic();
  for (let round = 0; round < rounds; round += 1) for (const request of requests) if (decide(request)) permits += 1;
  const nanoseconds = ((systemRuntime.monotonic() - from) * 1e6) / (rounds * requests.length);
  if (permits === 0) throw new Error('nothing was permitted: the compiler may have left out the work');
  return nanoseconds;
}

function checkAgreement(name: string, decide: Decide): void {
  for (const request of requests) {
    const expected = decideByHand(request);
    if (decide(request) !== (expected.effect === 'permit'))
      throw new Error(`${name} decides ${request.action} otherwise`);
  }
}

interface Lane {
  readonly name: string;
  readonly decide: Decide;
  /** Passes over all requests in one turn. */
  readonly rounds: number;
  readonly times: number[];
}

const lanes = Object.entries(contestants).flatMap(([name, decide]): Lane[] => {
  if (decide === undefined) {
    console.log(`${name} is not installed: npm ci --prefix bench`);
    return [];
  }
  checkAgreement(name, decide);
  for (let warm = 0; warm < 3; warm += 1) measure(decide, 1);
  const rounds = Math.max(1, Math.round((turn * 1e6) / (measure(decide, 1) * requests.length)));
  return [{ name, decide, rounds, times: [] }];
});

for (let index = 0; index < turns; index += 1) {
  for (const { decide, rounds, times } of lanes) if (index < 20 || rounds > 1) times.push(measure(decide, rounds));
}

/** The middle of the times after the compiler has had its turns. */
function median(times: readonly number[]): number {
  const settled = times.slice(Math.floor(times.length / 3)).toSorted((one, other) => one - other);
  return settled[Math.floor(settled.length / 2)] ?? 0;
}

const base = median(lanes[0]?.times ?? []);
console.log(`\n${policy.rules.length} rules, ${requests.length} different requests, with the deciding rule\n`);
console.log(`${'contestant'.padEnd(24)}${'ns'.padStart(10)}${'ratio'.padStart(10)}`);
for (const { name, times } of lanes) {
  const time = median(times);
  console.log(
    `${name.padEnd(24)}${time.toFixed(time < 1000 ? 1 : 0).padStart(10)}${(time / base).toFixed(1).padStart(10)}`,
  );
}
