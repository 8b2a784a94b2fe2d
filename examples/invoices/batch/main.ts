/** The job as a process of its own: `npm start` tells the command that runs it. */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { systemRuntime } from '@castellan/protocol';
import { countOpenInvoices } from './batch.ts';

const settings = {
  issuer: required('ISSUER'),
  api: required('API_URL'),
  client: required('BATCH_CLIENT_ID'),
  secret: readFileSync(required('BATCH_CLIENT_SECRET_FILE'), 'utf8').trim(),
};
const { count, totals } = await countOpenInvoices(settings, systemRuntime.fetch);
process.stdout.write(`${count} open invoices: ${JSON.stringify(totals)}\n`);

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`The environment variable ${name} is missing.`);
  return value;
}
