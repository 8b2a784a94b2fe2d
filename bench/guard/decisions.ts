/** P-15: a decision with its reason, 20 rules. `npm run bench:policy` has the same with more of our own ways. */
import { decideByHand } from '../policy/by-hand.ts';
import { casbin, casl, cedar, type Decide } from '../policy/others.ts';
import { policy, requests } from '../policy/rules.ts';
import { type Contestant, type Line, linesOf, measure, timeOfLane } from './lanes.ts';

function lane(name: string, decide: Decide): Contestant {
  let next = 0;
  return {
    name,
    run: (count) => {
      for (let index = 0; index < count; index += 1) {
        decide(requests[next] as (typeof requests)[number]);
        next = (next + 1) % requests.length;
      }
    },
  };
}

export async function section(): Promise<readonly Line[]> {
  const rivals: Readonly<Record<string, Decide | undefined>> = {
    'ifs by hand': (request) => decideByHand(request).effect === 'permit',
    'guard, decide': (request) => policy.decide(request).effect === 'permit',
    'CASL, ability kept': await casl(),
    'Cedar, policies kept': cedar(),
    casbin: await casbin(),
  };
  const measured = await measure(
    Object.entries(rivals).flatMap(([name, decide]) => (decide === undefined ? [] : [lane(name, decide)])),
  );
  const time = timeOfLane(measured, 'guard, decide');
  const ratio = time / timeOfLane(measured, 'ifs by hand');
  return [
    ...linesOf('P-15', measured),
    {
      row: 'P-15',
      name: '→ with the reason, against ifs',
      measured: `${time.toFixed(0)} ns, ${ratio.toFixed(1)} x`,
      goal: '60 ns or 3 x',
      met: time <= 60 || ratio <= 3,
    },
  ];
}
