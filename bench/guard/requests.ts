/** P-14: the processor time of a protected request and of the same without protection, on real sockets. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Usage } from '../server/answering.ts';
import { runLoad } from '../server/load.ts';
import { type Line, median, shuffled } from './lanes.ts';

/** Milliseconds of a turn, how many are measured, and how many come before: a compiler at work counts as processor time. */
const turn = 250;
const turns = 10;
const warming = 8;
/** Each start lays the code out in memory anew, which alone makes a difference of a few percent. */
const starts = 3;
const goals: Readonly<Record<string, number>> = { 'node:http': 0.8, express: 0.8, fastify: 0.8, hono: 0.7 };

interface Started {
  readonly name: string;
  readonly port: number;
  readonly token: string;
  readonly usage: () => Promise<Usage>;
  readonly stop: () => void;
}

/** Each framework in a process of its own, with `/plain` in the framework's own way and `/notes` behind the guard. */
async function start(name: string): Promise<Started> {
  const child = fork(new URL('./request-server.ts', import.meta.url), [name], {
    execArgv: ['--conditions=castellan-source'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [{ port, token }] = (await once(child, 'message')) as [{ readonly port: number; readonly token: string }];
  return {
    name,
    port,
    token,
    usage: async () => {
      const answer = once(child, 'message');
      child.send('usage');
      return ((await answer) as [Usage])[0];
    },
    stop: () => child.disconnect(),
  };
}

/** Microseconds of processor time for one request. */
async function costOf({ port, token, usage }: Started, path: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  const before = await usage();
  const { latencies } = await runLoad({ port, connections: 8, duration: turn }, async (send) => {
    const { status } = await send({ method: 'GET', path, headers });
    if (status !== 200) throw new Error(`${path} is answered with ${status}`);
  });
  return (((await usage()).cpu - before.cpu) * 1000) / latencies.length;
}

/** Adds the costs of some turns of one start. */
async function measure(name: string, costs: Readonly<Record<string, number[]>>): Promise<void> {
  const server = await start(name);
  for (let index = 0; index < warming + turns; index += 1) {
    for (const [path, times] of shuffled(Object.entries(costs))) {
      const cost = await costOf(server, path);
      if (index >= warming) times.push(cost);
    }
  }
  server.stop();
}

export async function section(): Promise<readonly Line[]> {
  const lines: Line[] = [];
  for (const name of Object.keys(goals)) {
    const costs: Readonly<Record<string, number[]>> = { '/plain': [], '/notes': [] };
    for (let times = 0; times < starts; times += 1) await measure(name, costs);
    const [plain, guarded] = [median(costs['/plain'] ?? []), median(costs['/notes'] ?? [])];
    const goal = goals[name] ?? 1;
    const share = plain / guarded;
    const measured = `${plain.toFixed(0)} / ${guarded.toFixed(0)} us = ${share.toFixed(3)}`;
    lines.push({
      row: 'P-14',
      name: `${name}, unprotected / protected`,
      measured,
      goal: `.${goal * 100}`,
      met: share >= goal,
    });
  }
  return lines;
}
