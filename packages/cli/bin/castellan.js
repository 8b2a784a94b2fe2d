#!/usr/bin/env node
/**
 * The `castellan` command. Syntax of Node 18 only, so that every Node in use can read it and say what is wrong.
 *
 * In a clone it runs the source on the Node that the lockfile pins; as an installed package it runs what was built.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const source = new URL('../src/main.ts', import.meta.url);
const built = new URL('../dist/main.js', import.meta.url);
const sourceCondition = '--conditions=castellan-source';

if (existsSync(source)) await runSource();
else if (isOldNode()) refuse(`castellan needs Node ${neededNode()} or newer; this is Node ${process.versions.node}.`);
else await import(built.href);

async function runSource() {
  if (process.execArgv.includes(sourceCondition) && !isOldNode()) {
    await import(source.href);
    return;
  }
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const pinned = fileURLToPath(new URL(`../../../node_modules/node/bin/${name}`, import.meta.url));
  if (!existsSync(pinned)) {
    refuse('castellan: nothing is installed in this clone yet. Run npm ci first, or npm start.');
    return;
  }
  const child = spawn(pinned, [sourceCondition, fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 1);
  });
}

function isOldNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [neededMajor = 0, neededMinor = 0] = neededNode().split('.').map(Number);
  return major < neededMajor || (major === neededMajor && minor < neededMinor);
}

/** The oldest Node that works, as package.json says: `>=24.7`. */
function neededNode() {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return manifest.engines.node.replace('>=', '');
}

function refuse(message) {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}
