/** Breaks of the vocabulary: the readers, the verifier, limits and sinks. */

/** What is broken, what the break does, and the text that makes way for another. */
export type Line = readonly [row: string, breaks: string, find: string, replace: string];

export interface Break {
  readonly row: string;
  readonly file: string;
  readonly breaks: string;
  readonly find: string;
  readonly replace: string;
  readonly tests: readonly string[];
}

/** Breaks of one file, which the named tests must notice. */
function of(file: string, tests: readonly string[], lines: readonly Line[]): readonly Break[] {
  const place = (name: string): string => `packages/${name.replace('/', '/src/')}`;
  return lines.map(([row, breaks, find, replace]) => ({
    row,
    file: place(file),
    breaks,
    find,
    replace,
    tests: tests.map(place),
  }));
}

const corpus = 'protocol/jose/token-corpus.test.ts';

export const protocolMutants: readonly Break[] = [
  ...of(
    'protocol/jose/jws.ts',
    [corpus, 'protocol/jose/jws.test.ts'],
    [
      ['R-149', 'more than three segments are read', '!isBase64url(token.slice(second + 1))', 'false'],
      ['R-149', 'tokens of any size are read', 'token.length > maximumTokenLength', 'false'],
      ['R-147', 'critical members are ignored', "'crit', 'b64', ", ''],
      ['R-145', 'keys in the header are ignored instead of refused', "'jku', 'jwk', 'x5u', 'x5c', ", ''],
      ['R-146', 'a kid may be of any length', 'kid.length > maximumKidLength', 'false'],
    ],
  ),
  ...of(
    'protocol/jose/jwt.ts',
    ['protocol/jose/jwt.test.ts', corpus],
    [
      ['R-152', 'no signature is checked', 'await compactVerify(token, key, { algorithms: [algorithm] });', ''],
      [
        'R-143',
        'the token picks the algorithm',
        "rules.algorithms.find((name) => name === header['alg'])",
        "header['alg'] as SignatureAlgorithm",
      ],
      [
        'R-148',
        'any type passes',
        "if (!fitsType(header['typ'], rules.typ)) throw invalid('another type of token');",
        '',
      ],
      ['R-148', 'any media type passes for the bare one', '^application\\/(?=[^/]+$)', '^[^/]*\\/'],
      ['R-153', 'a remembered token outlives its key', 'key === found && ', ''],
      ['R-153', 'a remembered token outlives its time', ' && timeProblem(verified.claims, checked) === undefined', ''],
      [
        'R-153',
        'one caller can change what the next one reads',
        "if (typeof member === 'object' && member !== null) deepFreeze(member);",
        '',
      ],
    ],
  ),
  ...of(
    'protocol/jose/jwt-claims.ts',
    [corpus, 'protocol/jose/jwt.test.ts', 'protocol/jose/jwt-claims.test.ts'],
    [
      ['R-151', 'any issuer passes', "if (claims['iss'] !== rules.issuer) return 'another issuer';", ''],
      ['R-151', 'any audience passes', "if (!isFor(claims['aud'], rules.audience)) return 'another audience';", ''],
      [
        'R-151',
        'an audience that begins the same passes',
        'return aud === audience',
        'return aud.startsWith(audience)',
      ],
      ['R-151', 'an audience list may hold anything', "aud.every((member) => typeof member === 'string') && ", ''],
      ['R-150', 'a token without end passes', 'if (claims[end] === undefined) return `${end} is missing`;', ''],
      ['R-150', 'an expired token passes', "if (!rules.allowExpired && exp + tolerance <= now) return 'expired';", ''],
      [
        'R-150',
        'a token passes before its time',
        "if (nbf !== undefined && nbf - tolerance > now) return 'not yet valid';",
        '',
      ],
      [
        'R-150',
        'a token of the future passes',
        "if (iat !== undefined && iat - tolerance > now) return 'issued in the future';",
        '',
      ],
      [
        'R-150',
        'a token may live for ever',
        "if (exp - (iat ?? now + tolerance) > rules.maxLifetime) return 'lives too long';",
        '',
      ],
      [
        'R-150',
        'times of any type pass',
        "typeof value === 'number' && Number.isFinite(value) && value >= 0",
        'value !== undefined',
      ],
      ['R-141', 'required claims are not', 'if (missing !== undefined) return', 'if (missing === null) return'],
    ],
  ),
  ...of(
    'protocol/jose/jwt-rules.ts',
    ['protocol/jose/jwt.test.ts'],
    [
      ['R-141', 'a verifier without audience', 'audience === null || isText(audience)', 'true'],
      ['R-141', 'a verifier without algorithms', 'isAlgorithmList(rules.algorithms)', 'true'],
      ['R-141', 'a verifier without type', 'rules.typ === null || isText(rules.typ)', 'true'],
      ['R-155', 'a clock tolerance without end', 'isNumberWithin(clockTolerance, 0, 60)', 'true'],
      ['R-155', 'a longest lifetime without end', 'isNumberWithin(maxLifetime, 1, longestLifetime)', 'true'],
    ],
  ),
  ...of(
    'protocol/jose/algorithms.ts',
    ['protocol/jose/jws.test.ts', 'protocol/jose/key-set.test.ts', 'protocol/jose/jwt.test.ts'],
    [
      ['R-142', 'the curve of a key does not matter', 'entry.crv === key.crv && ', ''],
      [
        'R-142',
        'the algorithm a key names does not matter',
        ' && (key.alg === undefined || entry.name === key.alg)',
        '',
      ],
      ['R-144', 'any word is an algorithm, HS256 too', ' && Object.hasOwn(entries, value)', ''],
    ],
  ),
  ...of(
    'protocol/jose/key-source.ts',
    ['protocol/jose/key-set.test.ts'],
    [
      [
        'R-142',
        'a key answers for any algorithm',
        'found?.algorithm === algorithm ? found.key : undefined',
        'found?.key',
      ],
    ],
  ),
  ...of(
    'protocol/jose/key-set.ts',
    ['protocol/jose/key-set.test.ts'],
    [
      [
        'R-100',
        'private and symmetric keys are read',
        "jwk['kty'] === 'oct' || privateMembers.some((member) => Object.hasOwn(jwk, member))",
        'false',
      ],
      [
        'R-100',
        'a kid may be there twice',
        "if (keys.has(key.kid)) return { problem: 'two keys have the same kid' };",
        '',
      ],
      ['R-152', 'short RSA keys are used', 'modulusLength >= minimumRsaBits &&', ''],
      ['R-152', 'small RSA exponents are used', 'publicExponent >= 65_537n &&', ''],
      ['R-154', 'a set may be of any size', 'list.length > maximumKeys', 'false'],
    ],
  ),
  ...of(
    'protocol/jose/remote-key-source.ts',
    ['protocol/jose/remote-key-source.test.ts'],
    [
      ['R-154', 'made-up kids fetch without pause', ' && since(attemptedAt) >= pause', ''],
      ['R-154', 'every request fetches for itself', 'pending === undefined && ', ''],
      ['R-154', 'an old set serves for ever', ' || since(fetchedAt) >= bounds.maxAge + bounds.staleIfError', ''],
      ['R-154', 'a set never ages', 'since(fetchedAt) < bounds.maxAge ? keys?.get(kid) : undefined', 'keys?.get(kid)'],
      ['R-154', 'keys are fetched over http', 'secureUrl(options.url) === undefined', 'false'],
    ],
  ),
  ...of(
    'protocol/http/bounded-fetch.ts',
    ['protocol/http/bounded-fetch.test.ts'],
    [
      ['R-154', 'redirects are followed', ", redirect: 'error'", ''],
      ['R-154', 'a body of any size is read', 'if (size > maximumBytes)', 'if (size < 0)'],
      [
        'R-154',
        'any status will do',
        'response.redirected || !statuses.includes(response.status)',
        'response.redirected',
      ],
    ],
  ),
  ...of(
    'protocol/encoding.ts',
    ['protocol/encoding.test.ts', 'protocol/http/form.test.ts'],
    [
      [
        'R-149',
        'two texts are the same bytes',
        'surplus === 0 || (surplus === 2 ? lastOfTwo : lastOfThree).includes(',
        "true || ''.includes(",
      ],
      ['R-178', 'bytes that are not UTF-8 are read', 'isUtf8(bytes) ? ', 'bytes ? '],
      ['R-006', 'a percent sign may encode nothing', '|%[0-9A-Fa-f]{2})*$', '|%.{0,2})*$'],
    ],
  ),
  ...of(
    'protocol/strict-json.ts',
    ['protocol/strict-json.test.ts'],
    [
      ['R-178', 'a member may repeat', 'tally.members === membersIn(text)', 'true'],
      [
        'R-178',
        'members reach into prototypes',
        "if (prototypeNames.has(name)) return 'a member has the name of a prototype';",
        '',
      ],
      [
        'R-178',
        'numbers may be infinite',
        "Number.isFinite(value) ? undefined : 'a number is not finite'",
        'undefined',
      ],
      ['R-178', 'nesting has no end', 'if (depth === 0)', 'if (false)'],
      [
        'R-178',
        'a text may be half a character',
        "value.isWellFormed() ? undefined : 'a text has a lone surrogate'",
        'undefined',
      ],
    ],
  ),
  ...of(
    'protocol/oauth/redirect-uri.ts',
    ['protocol/oauth/redirect-uri.test.ts'],
    [
      [
        'R-001',
        'a longer URI is the registered one',
        'registered.includes(sent)',
        'registered.some((uri) => sent.startsWith(uri))',
      ],
      [
        'R-001',
        'every client is free in its port',
        "kind === 'native' ? withoutPort(sent) : undefined",
        'withoutPort(sent)',
      ],
      [
        'R-001',
        'localhost is free in its port',
        '(?:127\\.0\\.0\\.1|\\[::1\\])',
        '(?:localhost|127\\.0\\.0\\.1|\\[::1\\])',
      ],
      ['R-067', 'wildcards are registered', "if (uri.includes('*')) return 'has a wildcard';", ''],
      ['R-067', 'fragments are registered', "if (uri.includes('#')) return 'has a fragment';", ''],
      ['R-067', 'javascript is a scheme of an app', '(?:\\.[a-z0-9-]+)+:\\/(?!\\/)', '(?:\\.[a-z0-9-]+)*:'],
      [
        'R-067',
        'http is registered for any host',
        "url.protocol === 'http:' && !isLoopbackHost(url.hostname)",
        'false',
      ],
      ['R-067', 'what parsers rewrite is registered', 'url.href !== uri && url.href !== `${uri}/`', 'false'],
    ],
  ),
  ...of(
    'protocol/oauth/scope.ts',
    ['protocol/oauth/scope.test.ts'],
    [['R-016', 'any text is a scope', 'return scopeToken.test(text);', "return text !== '';"]],
  ),
  ...of(
    'protocol/http/form.ts',
    ['protocol/http/form.test.ts'],
    [
      ['R-006', 'the last of two parameters counts', 'if (values.length > 1)', 'if (values.length > 9)'],
      [
        'R-027',
        'any media type is a form',
        'if (values?.length !== 1) return false;',
        'if (values !== undefined) return true;',
      ],
    ],
  ),
  ...of(
    'protocol/http/basic.ts',
    ['protocol/http/basic.test.ts'],
    [
      ['R-074', 'base64 has several spellings', "bytes.toString('base64') === text && ", ''],
      ['R-074', 'an empty secret is one', '^[\\x20-\\x7e]+$', '^[\\x20-\\x7e]*$'],
    ],
  ),
  ...of(
    'protocol/http/bearer.ts',
    ['protocol/http/bearer.test.ts'],
    [['R-157', 'the first of two headers counts', 'if (values.length > 1)', 'if (values.length > 9)']],
  ),
  ...of(
    'protocol/http/cookie.ts',
    ['protocol/http/cookie.test.ts'],
    [
      ['R-208', 'the last of two cookies counts', 'if (seen.has(name)) cookies.delete(name);\n    else if', 'if'],
      ['R-208', 'Unicode spaces around a name go away', 'trimBlanks(pair)', 'pair.trim()'],
      [
        'R-181',
        'blanks are looked for again at each blank',
        'trimBlanks(pair)',
        "pair.replace(/^[ \\t]+|[ \\t]+$/g, '')",
      ],
      ['R-204', 'scripts can read cookies', "'HttpOnly', ", ''],
      ['R-204', 'a __Host- cookie without Secure', ' && !options.secure', ' && options === undefined'],
    ],
  ),
  ...of(
    'protocol/http/origin-check.ts',
    ['protocol/http/origin-check.test.ts'],
    [
      [
        'R-205',
        'no header at all is good enough',
        "if (origins.length + sites.length === 0) rejected('neither Origin nor Sec-Fetch-Site');",
        '',
      ],
      ['R-205', 'a sibling site is our own', "site !== 'none'", "site !== 'none' && site !== 'same-site'"],
      ['R-205', 'any origin is our own', 'origin !== allowedOrigin', "origin === ''"],
    ],
  ),
  ...of(
    'protocol/http/client-address.ts',
    ['protocol/http/client-address.test.ts'],
    [
      ['R-189', 'every peer is a trusted proxy', 'if (!isTrusted(trusted, peer)) return peer;', ''],
      ['R-189', 'the leftmost hop counts', 'hops.slice(-maximumHops).reverse()', 'hops.slice(-maximumHops)'],
      ['R-189', 'every IPv6 address has its own allowance', '.slice(0, 4)', '.slice(0, 7)'],
    ],
  ),
  ...of(
    'protocol/prefixed-token.ts',
    ['protocol/prefixed-token.test.ts'],
    [
      [
        'R-216',
        'the checksum is not checked',
        'text.slice(end + 1) === checksum(prefix + payload) ? payload : undefined',
        'payload',
      ],
      [
        'R-216',
        'a secret of one kind passes for another',
        '!text.startsWith(prefix)',
        "!text.startsWith('castellan_')",
      ],
    ],
  ),
  ...of(
    'protocol/secret.ts',
    ['protocol/secret.test.ts'],
    [['R-216', 'secrets of equal length are equal', ' && timingSafeEqual(one, other)', '']],
  ),
  ...of(
    'limits/gcra.ts',
    ['limits/gcra.test.ts', 'limits/memory-limit-store.test.ts'],
    [
      [
        'R-190',
        'one more than the count is admitted',
        'next - now <= terms.period + tolerance',
        'base - now <= terms.period + tolerance',
      ],
      ['R-190', 'a refused take costs', 'const kept = admitted ? next : base;', 'const kept = next;'],
      ['R-190', 'a count of less than one limits nothing', '!(count >= 1 && ', '!('],
      ['R-190', 'a period of nothing limits nothing', 'interval > 0 && ', ''],
      [
        'R-190',
        'a clock that went back locks out',
        'Math.min(Math.max(arrival ?? now, now), terms.full)',
        'Math.max(arrival ?? now, now)',
      ],
    ],
  ),
  ...of(
    'audit/sinks/terminal-sink.ts',
    ['audit/sinks/terminal-sink.test.ts'],
    [['R-226', 'an event can speak to the terminal', '[^\\x20-\\x7e]', '[\\r\\n]']],
  ),
  ...of(
    'audit/sinks/file-sink.ts',
    ['audit/sinks/file-sink.test.ts'],
    [
      ['R-226', 'everybody may read the events', "'a+', 0o600", "'a+', 0o644"],
      ['R-226', 'a cut line spoils the next', "if (buffer.toString() !== '\\n') await file.appendFile('\\n');", ''],
    ],
  ),
  ...of(
    'protocol/jose/jwt.ts',
    ['protocol/jose/differential.test.ts'],
    [['R-159', 'the library is not asked', '    await compactVerify(token, key, { algorithms: [algorithm] });', '']],
  ),
];
