/**
 * Carries a guard on node:http and node:https: bytes to text within bounds, plain answers back.
 *
 * Unlike the carrier of `protocol` it hands the body over unread: a caller who is refused anyway cannot make the API
 * read, and a body that is too large is refused by the guard, with its problem document and its event.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { decodeUtf8, endStream, type HttpRequest, type Peer, refuse } from '@castellan/protocol';
import type { Guard } from '../guard.ts';
import type { BodyReader } from '../input.ts';
import { isLater } from '../later.ts';
import type { GuardAnswer } from '../route.ts';
import { bodyTaken } from './body-taken.ts';

/**
 * A listener for `createServer` of node:http.
 *
 * Does not bound headers, connections and slow clients: `nodeServer` does, or set `maxHeaderSize`, `headersTimeout` and
 * `requestTimeout` on the server. Does not carry HTTP/2: a request of `node:http2` is answered with 500, so a proxy that
 * speaks it stands in front.
 *
 * @example createServer(nodeListener(guard)).listen(4001, '127.0.0.1');
 */
export function nodeListener(
  guard: Pick<Guard, 'handle'>,
): (incoming: IncomingMessage, response: ServerResponse) => void {
  return (incoming, response) => carry(guard, { incoming, response, target: incoming.url ?? '/' });
}

/** One message of node:http, and its target as the sender wrote it: frameworks cut prefixes off `incoming.url`. */
export interface NodeMessage {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: string;
}

/** Connections that were told that no more is answered on them. */
const ending = new WeakSet<object>();

/**
 * Has a guard answer one message.
 *
 * Nobody listens for errors of `incoming`: Node tells only listeners that a client has gone.
 */
export function carry(guard: Pick<Guard, 'handle'>, message: NodeMessage): void {
  const { incoming, response, target } = message;
  // INVARIANT: where something else, a time-out say, writes after the end of an answer, that is an error event of it, which
  // ends the process if nobody listens; a client that reads slowly can wait for it.
  response.on('error', drop);
  // RFC 9112 §9.6: nobody would be told what became of it. Node hands over all that has come in one piece.
  if (ending.has(incoming.socket)) return;
  try {
    // INVARIANT: the message is read in here. Node 22 before 22.22.2 throws at a header called `constructor`.
    const answering = guard.handle(plainMessage(incoming, target), messageBody(incoming));
    if (isLater(answering)) sendLater(message, answering);
    else send(message, answering);
  } catch {
    response.destroy();
  }
}

/** One for all answers: a function made for each request costs more than listening. */
function drop(this: ServerResponse): void {
  this.destroy();
}

function sendLater(message: NodeMessage, answering: Promise<GuardAnswer>): void {
  Promise.resolve(answering)
    .then((answer) => send(message, answer))
    .then(undefined, () => void message.response.destroy());
}

/** A message as plain data, its body unread; `target` as its sender wrote it. */
export function plainMessage(incoming: IncomingMessage, target: string): HttpRequest {
  const mark = target.indexOf('?');
  return {
    method: incoming.method ?? '',
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers: headersOf(incoming),
    body: '',
    peer: peerOf(incoming.socket),
  };
}

/**
 * The headers of a message. What Fastify's `inject` makes up for a test has only the list that they come in; those of
 * HTTP/2 are not read, and so every request of it is refused.
 */
function headersOf(incoming: IncomingMessage): HttpRequest['headers'] {
  const headers: HttpRequest['headers'] | undefined = incoming.headersDistinct;
  return headers === undefined && incoming.httpVersionMajor === 1 ? distinctHeaders(incoming.rawHeaders) : headers;
}

function distinctHeaders(raw: readonly string[]): HttpRequest['headers'] {
  const headers: Record<string, string[]> = Object.create(null);
  for (let index = 0; index < raw.length; index += 2) {
    (headers[String(raw[index]).toLowerCase()] ??= []).push(raw[index + 1] as string);
  }
  return headers;
}

/** A socket in the file system has no address, and no network to protect it from. */
function peerOf(socket: IncomingMessage['socket']): Peer {
  const { remoteAddress: address } = socket;
  return address === undefined ? { address: '' } : { address, secure: 'encrypted' in socket };
}

/** Counts bytes as they arrive: `Content-Length` is only a claim, and chunked bodies make none. */
export function messageBody(incoming: IncomingMessage): BodyReader {
  return (limit) => {
    // What somebody else has read or parsed would look like an empty body here, and nobody has checked it.
    if (incoming.readableDidRead) refuse('server_error', { detail: bodyTaken });
    return hasBody(incoming) ? readBody(incoming, limit) : '';
  };
}

/** RFC 9112 §6.3: without either field, and by a length of 0, there is none. HTTP/2 needs neither. */
function hasBody(incoming: IncomingMessage): boolean {
  if (incoming.httpVersionMajor !== 1) return true;
  const { 'content-length': lengths, 'transfer-encoding': coding } = headersOf(incoming);
  return coding !== undefined || (lengths !== undefined && lengths.join() !== '0');
}

async function readBody(incoming: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunksOf(incoming)) {
    length += chunk.length;
    if (length > limit) refuse('body_too_large');
    chunks.push(chunk);
  }
  return decodeUtf8(Buffer.concat(chunks)) ?? refuse('malformed_request', { detail: 'the body is not UTF-8' });
}

/** Leaving the loop early must leave the connection open: the refusal still has to be answered on it. */
async function* chunksOf(incoming: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    yield* incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  } catch {
    refuse('malformed_request', { detail: 'the body ended too early' });
  }
}

function send({ incoming, response }: NodeMessage, answer: GuardAnswer): void {
  const { status, headers, body, stream } = answer;
  // A body that was not read to its end ends the connection: nothing of it may be taken for the next request. HTTP/2 has
  // a stream for each.
  if (incoming.httpVersionMajor === 1 && !incoming.complete && hasBody(incoming)) {
    // INVARIANT: in this order. Where something else has given the answer, the first one throws, and the connection lives.
    response.setHeader('connection', 'close');
    ending.add(incoming.socket);
  }
  if (stream !== undefined) return sendStream({ incoming, response }, answer, stream);
  response.writeHead(status, headers);
  response.end(body);
}

/** Piece by piece, no faster than the other side reads; when it is gone, the stream is told. */
function sendStream(
  { incoming: { socket }, response }: Pick<NodeMessage, 'incoming' | 'response'>,
  { status, headers }: GuardAnswer,
  stream: AsyncIterable<string>,
): void {
  const pieces = stream[Symbol.asyncIterator]();
  const stop = (): void => endStream(pieces);
  // A connection that has ended before the stream began tells nobody any more, nor does an answer that others have given.
  if (response.destroyed || response.headersSent) return stop();
  // Before version 26 Node tells an answer that still waits for its turn nothing, when its connection ends.
  for (const end of [response, socket]) end.on('close', stop);
  response.writeHead(status, headers);
  response.flushHeaders();
  const pump = async (): Promise<void> => {
    for (let piece = await pieces.next(); piece.done !== true; piece = await pieces.next()) {
      // Written after something else has ended the answer, it would take the connection with it.
      if (response.writableEnded) break;
      if (!response.write(piece.value)) await drained(response);
    }
    socket.off('close', stop);
    response.end();
  };
  pump().then(undefined, () => response.destroy());
}

/** When more can be written, or nothing any more. Leaves no listener behind. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
