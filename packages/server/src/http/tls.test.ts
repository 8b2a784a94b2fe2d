import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect, type SecureVersion } from 'node:tls';
import { listen } from './node.ts';

const ok = { status: 200, headers: {}, body: 'ok' };

/** A certificate that only this test trusts; undefined on a machine without openssl. */
function makeCertificate(t: TestContext): { readonly key: string; readonly cert: string } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-tls-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const subject = ['-subj', '/CN=localhost', '-days', '1'];
  const made = spawnSync('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', cert]);
  return made.status === 0 ? { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') } : undefined;
}

/** The protocol that was agreed on, or the reason why none was. */
function shake(port: number, ca: string, maxVersion: SecureVersion): Promise<string> {
  return new Promise((resolve) => {
    const options = {
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca,
      minVersion: 'TLSv1.2' as const,
      maxVersion,
    };
    const socket = connect(options, () => {
      resolve(socket.getProtocol() ?? '');
      socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

test('R-215[node] S-88 with a certificate it speaks TLS 1.3, and nothing older', async (t) => {
  const tls = makeCertificate(t);
  if (tls === undefined) return t.skip('there is no openssl to make a certificate with');
  const listening = await listen({ handle: async () => ok }, { port: 0, tls });
  t.after(() => listening.close());
  assert.equal(await shake(listening.port, tls.cert, 'TLSv1.3'), 'TLSv1.3');
  assert.match(await shake(listening.port, tls.cert, 'TLSv1.2'), /PROTOCOL_VERSION|ECONNRESET/);
});
