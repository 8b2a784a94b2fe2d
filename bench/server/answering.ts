/** What a contestant's process tells the measuring one: that it is ready, and what it has used so far. */
export interface Usage {
  /** Milliseconds of processor time, user and system. */
  readonly cpu: number;
  /** Bytes of resident memory. */
  readonly rss: number;
}

/** Says `ready`, then answers each message with the {@link Usage} so far; ends when the measuring process is gone. */
export function answerUsage(): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    const usage: Usage = { cpu: (user + system) / 1000, rss: process.memoryUsage.rss() };
    process.send?.(usage);
  });
  process.on('disconnect', () => process.exit());
  process.send?.('ready');
}
