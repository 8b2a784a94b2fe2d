export * from './describe-failure.ts';
export * from './event.ts';
export * from './recorder.ts';
export * from './sinks/file-sink.ts';
export * from './sinks/memory-sink.ts';
export * from './sinks/terminal-sink.ts';
