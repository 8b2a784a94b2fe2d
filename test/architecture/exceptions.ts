/**
 * The exceptions to the bans, each with its reason. An exception that nothing needs any more fails the test, so this
 * list says exactly where the house is open.
 */
export interface Exception {
  readonly path: string;
  readonly what: string;
  readonly because: string;
}

/** Uses of clock, chance, timers, network and environment outside `runtime.ts`. */
export const ambientExceptions: readonly Exception[] = [
  {
    path: 'packages/testkit/src/clock.ts',
    what: 'setImmediate',
    because: 'the test clock lets pending promises run before it moves on',
  },
  {
    path: 'packages/protocol/src/http/untrusted-fetch.ts',
    what: 'request',
    because: 'only node:https connects to an address that was checked before; the runtime hands it out',
  },
  {
    path: 'packages/server/src/store/sqlite/turn.ts',
    what: 'setImmediate',
    because: 'the writes of one turn of the event loop share a commit; no clock is involved',
  },
  ...[
    'examples/invoices/api/main.ts',
    'examples/invoices/batch/main.ts',
    'examples/invoices/web/main.ts',
    'packages/cli/src/main.ts',
  ].map((path) => ({
    path,
    what: 'process.env',
    because: 'the entry of a process is where its environment is read, once, into settings',
  })),
  {
    path: 'packages/guard/src/kit/target.ts',
    what: 'request',
    because: 'a test of an API sends what fetch repairs or refuses to send: two headers of one name, odd values',
  },
  {
    path: 'packages/cli/src/guard/guard.ts',
    what: 'setTimeout',
    because: 'a timer of the runtime keeps no process alive, and between two requests nothing else does',
  },
  {
    path: 'bench/server/load.ts',
    what: 'request',
    because: 'a load keeps connections of its own, which the fetch of the runtime hides',
  },
  {
    path: 'packages/server/src/resolve-config/resolve-config.ts',
    what: 'process.env',
    because: 'secrets may lie in the environment; whoever calls may hand in another one',
  },
];

/** Comparisons of what has the name of a secret. */
export const comparisonExceptions: readonly Exception[] = [
  {
    path: 'packages/bff/src/refresh.ts',
    what: 'content.accessToken !== rejected',
    because: 'both are our own copies of one token: nobody guesses here',
  },
];

/** Files that catch, how often, and why no Refusal is lost there. */
export const catchExceptions: readonly (Omit<Exception, 'what'> & { readonly count: number })[] = [
  {
    path: 'bench/server/floor.ts',
    count: 1,
    because: 'the limit knows no Refusal: whatever fails is a 400, so that the load notices',
  },
  {
    path: 'examples/invoices/code-flow/main.ts',
    count: 1,
    because: 'a program in the shell says why it failed in one line, and no Refusal is thrown in it',
  },
  {
    path: 'packages/guard/src/status-lists/read-list.ts',
    count: 1,
    because: 'a list that is not accepted is none, and then whether a token was revoked is not known',
  },
  {
    path: 'packages/guard/src/status-lists/follow-feed.ts',
    count: 1,
    because: 'whatever ends a connection, the feed is lost and taken up again; what is known ages from then on',
  },
  {
    path: 'packages/server/src/status/status-feed.ts',
    count: 2,
    because: 'a feed that cannot begin is taken off and refused; one that goes on says nothing while the store is away',
  },
  {
    path: 'packages/protocol/src/status-list.ts',
    count: 1,
    because: 'what zlib throws becomes the verdict that there is no list',
  },
  {
    path: 'packages/cli/src/main.ts',
    count: 1,
    because: 'the end of the command: every error becomes lines for a person and the exit code 1',
  },
  {
    path: 'packages/cli/src/dev/folder.ts',
    count: 2,
    because: 'a file that is there already, or not there, is an answer; every other error is thrown on',
  },
  {
    path: 'packages/cli/src/dev/listen.ts',
    count: 1,
    because: 'an address that the machine does not have is left out; every other error becomes one that names the port',
  },
  {
    path: 'packages/cli/src/dev/load-project.ts',
    count: 1,
    because: 'whatever a project file throws becomes the error that names the file',
  },
  {
    path: 'packages/cli/src/login/discover.ts',
    count: 1,
    because: 'metadata that is not at one place is looked for at the other; nothing at both is an error of its own',
  },
  {
    path: 'packages/cli/src/login/login.ts',
    count: 2,
    because:
      'what the library throws becomes words for a person; a token that cannot be given back is removed all the same',
  },
  {
    path: 'packages/audit/src/describe-failure.ts',
    count: 1,
    because: 'it only tells of an error that was caught already; one that cannot be read is told of as that',
  },
  {
    path: 'packages/audit/src/sinks/file-sink.ts',
    count: 2,
    because: 'a delivery that fails closes the file and rejects; the queue goes on, since its own caller has been told',
  },
  {
    path: 'packages/bff/src/bff.ts',
    count: 1,
    because: 'the one place where a backend answers a Refusal, and everything else that is thrown',
  },
  {
    path: 'packages/bff/src/issuer/discovery.ts',
    count: 2,
    because: 'what no answer came for is an error of its own; only then is known metadata used again',
  },
  {
    path: 'packages/bff/src/issuer/issuer.ts',
    count: 2,
    because: 'what the library throws becomes a Refusal, and a Refusal is thrown on; giving a token back cannot fail',
  },
  {
    path: 'packages/bff/src/issuer/profile.ts',
    count: 1,
    because: 'a name is for display: whatever fails while asking for it, the sign-in was judged before',
  },
  {
    path: 'packages/bff/src/issuer/refresh-tokens.ts',
    count: 1,
    because: 'whatever fails is a verdict, and none of them but «refreshed» carries a token',
  },
  {
    path: 'packages/bff/src/issuer/sign-out.ts',
    count: 1,
    because: 'the session here has ended already; whatever fails at the issuer is the verdict «unknown»',
  },
  {
    path: 'packages/bff/src/carrier.ts',
    count: 3,
    because: 'a delivery that fails is made again later, and a sink that does not close keeps no other from closing',
  },
  {
    path: 'packages/bff/src/proxy-path.ts',
    count: 1,
    because: 'bytes that are no text become the refusal of the path',
  },
  {
    path: 'packages/bff/src/proxy.ts',
    count: 1,
    because: 'whatever fails while calling the API becomes a Refusal; nothing in there can be one',
  },
  {
    path: 'packages/bff/src/seal.ts',
    count: 1,
    because: 'what does not open is no session; nothing in there can be a Refusal',
  },
  {
    path: 'packages/bff/src/sqlite-sessions.ts',
    count: 3,
    because: 'a failed transaction is rolled back and thrown on; a locked file is tried again and then refused',
  },
  {
    path: 'packages/cli/src/routes/routes.ts',
    count: 2,
    because: 'a module that cannot be run and a file that cannot be read are told to a person, who wrote them',
  },
  {
    path: 'packages/guard/src/adapters/fetch.ts',
    count: 1,
    because: 'a body that ends too early becomes a Refusal',
  },
  {
    path: 'packages/guard/src/adapters/node.ts',
    count: 4,
    because:
      'a body that ends too early becomes a Refusal; should the guard, the answer or a stream fail, the connection ends',
  },
  {
    path: 'packages/guard/src/events.ts',
    count: 2,
    because: 'a sink that fails is given its events again, and one that cannot be closed does not keep the others open',
  },
  {
    path: 'packages/guard/src/graphql/document.ts',
    count: 1,
    because: 'an error of the parser becomes the Refusal of the document; every other is thrown on',
  },
  {
    path: 'packages/guard/src/graphql/enforce.ts',
    count: 3,
    because:
      'what a resolver throws is kept as a Refusal at its place in the answer, and thrown on without its words; an object of a list is waited for with the list, or the list was refused',
  },
  {
    path: 'packages/guard/src/graphql/operation.ts',
    count: 1,
    because: 'the Refusal of one object or one function is kept, and thrown or answered for each place that asks',
  },
  {
    path: 'packages/guard/src/graphql/run.ts',
    count: 3,
    because: 'what the engine or its result throws is the failure of its operation; what ends a stream its last frame',
  },
  {
    path: 'packages/guard/src/graphql/stream.ts',
    count: 1,
    because: 'a stream that fails ends with that refusal',
  },
  {
    path: 'packages/protocol/src/http/stream.ts',
    count: 1,
    because: 'a stream that fails when it is told to end has ended',
  },
  {
    path: 'packages/guard/src/guard.ts',
    count: 1,
    because: 'at the start, a weak verifier becomes a configuration error',
  },
  {
    path: 'packages/guard/src/pipeline.ts',
    count: 3,
    because: 'the one place where an API answers a Refusal, thrown at once or later; what cannot be asked is none',
  },
  {
    path: 'packages/guard/src/introspect.ts',
    count: 1,
    because: 'whatever is wrong with a signed answer becomes store_unavailable: it says nothing about the token',
  },
  {
    path: 'packages/guard/src/path.ts',
    count: 1,
    because: 'bytes that are no text become the refusal of the path',
  },
  {
    path: 'packages/policy/src/decide.ts',
    count: 3,
    because: 'whatever is thrown while deciding is a denial with an error; nothing in there can be a Refusal',
  },
  {
    path: 'packages/policy/src/fields.ts',
    count: 1,
    because: 'whatever is thrown while masking opens no field; nothing in there can be a Refusal',
  },
  {
    path: 'packages/protocol/src/http/bounded-fetch.ts',
    count: 1,
    because: 'whatever fails while fetching is the same answer, «no document»; its cause names hosts',
  },
  {
    path: 'packages/protocol/src/jose/client-assertion.ts',
    count: 2,
    because: 'what cannot be read or verified proves no client; the caller refuses it in words of its own',
  },
  {
    path: 'packages/protocol/src/http/node-carrier.ts',
    count: 2,
    because: 'a handler that throws gets 500, and an answer that cannot be written ends the connection',
  },
  {
    path: 'packages/protocol/src/jose/jwt.ts',
    count: 2,
    because:
      'whatever jose finds becomes the refusal token_invalid; its messages can quote the token. A token whose keys have to be fetched is not recalled, and verify asks for them again',
  },
  {
    path: 'packages/protocol/src/jose/key-set.ts',
    count: 1,
    because: 'a key that node:crypto does not take is left out of the set',
  },
  {
    path: 'packages/protocol/src/strict-json.ts',
    count: 1,
    because: 'JSON.parse only says whether it is JSON; its message quotes the document',
  },
  {
    path: 'packages/server/src/events/events.ts',
    count: 3,
    because: 'a delivery that fails is made again; a sink that does not close keeps no other from closing',
  },
  {
    path: 'packages/cli/src/admin/registration-file.ts',
    count: 1,
    because: 'a file that cannot be read is named in words; nothing is refused by reading one',
  },
  {
    path: 'packages/server/src/administration/administration.ts',
    count: 1,
    because: 'a store that was opened for nothing is closed, and the failure goes on',
  },
  {
    path: 'packages/server/src/http/handle.ts',
    count: 2,
    because:
      'here every Refusal becomes its answer, and everything else the one that says server_error; public documents stay up while the store is away',
  },
  {
    path: 'packages/server/src/http/node.ts',
    count: 1,
    because: 'what handle has answered cannot be written: the connection ends, and nothing is answered instead',
  },
  {
    path: 'packages/server/src/keys/misuse.ts',
    count: 2,
    because:
      'a refused token is looked at and its refusal goes on; that the look itself finds no genuine signature is its answer',
  },
  {
    path: 'packages/server/src/logout/logout-delivery.ts',
    count: 2,
    because:
      'no request waits for it: while the store is away its error is told as a failure, and what is due is found by the next look',
  },
  {
    path: 'packages/server/src/keys/key-ring.ts',
    count: 3,
    because:
      'a key that does not open becomes the one error about the master key; while the store is away the known keys stay, and without any its error goes on; a read that begins anew waits for the one before it, whatever became of that',
  },
  {
    path: 'packages/limits/src/conformance.ts',
    count: 1,
    because: 'the case is that the store throws, and looks at what',
  },
  {
    path: 'packages/limits/src/outage.ts',
    count: 1,
    because: 'a store that fails is told, and the memory of the node goes on with the same limit',
  },
  {
    path: 'packages/limits/src/sql/postgres.ts',
    count: 2,
    because:
      'a table that another node has just created is there, a database that asks for it is tried again; every other error goes on',
  },
  {
    path: 'packages/server/src/requests/check.ts',
    count: 1,
    because: 'a Refusal is thrown on with the address it may go to; everything else as it is',
  },
  {
    path: 'packages/server/src/requests/id-token-hint.ts',
    count: 1,
    because: 'a hint that does not verify is told as none, which both callers refuse; every other error is thrown on',
  },
  {
    path: 'packages/server/src/resolve-config/secret.ts',
    count: 1,
    because: 'a file that cannot be opened is a problem of the configuration; nobody is answered yet',
  },
  {
    path: 'packages/server/src/server.ts',
    count: 3,
    because:
      'a start that fails closes the store and goes on failing; a job that fails is told and tried again; closing waits for requests that are answered already',
  },
  {
    path: 'packages/server/src/tokens/session-name.ts',
    count: 1,
    because: 'a reference that another master key has sealed names no session; nothing else is thrown there',
  },
  {
    path: 'packages/server/src/tokens/access-token.ts',
    count: 2,
    because:
      'a text that is no token of ours is told as none, whatever is wrong with it; every other error is thrown on',
  },
  {
    path: 'packages/server/src/store/migrations/migrations.ts',
    count: 2,
    because:
      'a table that another process has just created is there; a database that cannot be migrated is closed, then the error goes on',
  },
  {
    path: 'packages/server/src/store/postgres/connections.ts',
    count: 2,
    because: 'no connection becomes store_unavailable, a Refusal stays one; a connection that is not durable is closed',
  },
  {
    path: 'packages/server/src/store/postgres/postgres.ts',
    count: 1,
    because: 'at opening nobody is answered yet: the operator reads a plain error',
  },
  {
    path: 'packages/server/src/store/postgres/transaction.ts',
    count: 4,
    because:
      'errors of the database become a retry or store_unavailable and are thrown on; all others are thrown on as they are',
  },
  {
    path: 'packages/server/src/store/sqlite/checkpoints.ts',
    count: 1,
    because: 'a checkpoint that fails loses nothing and is tried again',
  },
  {
    path: 'packages/server/src/store/sqlite/connection.ts',
    count: 1,
    because: 'a rollback that fails follows an error that the callers are already told',
  },
  {
    path: 'packages/server/src/store/sqlite/sqlite.ts',
    count: 3,
    because: 'a busy file is tried again a bounded number of times; every other error is thrown on',
  },
  {
    path: 'packages/server/src/store/sqlite/write-queue.ts',
    count: 3,
    because: 'an error rejects its unit, or the whole batch when the transaction is lost; none is answered as success',
  },
];
