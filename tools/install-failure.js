/** Turns what npm printed when it failed into one paragraph that says what to do. */

/** The first pattern that fits decides; npm's own error codes come first in its output. */
const explanations = [
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|network/i,
    'The package registry cannot be reached. The first start needs a network connection once; later starts do not. ' +
      'Behind a proxy, tell npm (npm config set proxy and https-proxy), then run the same command again.',
  ],
  [
    /E401|E403|ENEEDAUTH/,
    'The package registry refuses this machine. Look at the registry and credentials in your npm configuration ' +
      '(npm config list), then run the same command again.',
  ],
  [
    /E404|ETARGET/,
    'The package registry that npm is set to does not have a package the lockfile names (npm config list).',
  ],
  [/ENOSPC/, 'The disk is full. About 600 MB are needed. Free some space, then run the same command again.'],
  [
    /EACCES|EPERM|EROFS/,
    'A file under node_modules may not be written. It may belong to another user: remove node_modules, then run the ' +
      'same command again as the user who owns this folder.',
  ],
  [
    /EINTEGRITY/,
    'A downloaded package is not the one the lockfile names. Run npm cache clean --force, then try again.',
  ],
  [/EUSAGE|in sync/, 'package.json and package-lock.json disagree. Run npm install with the Node of this project.'],
  [
    /spawn npm|npm: not found|not recognized/,
    'npm is not on the PATH. It comes with Node: install both, then try again.',
  ],
];

/**
 * @param {string} output everything npm printed
 * @returns {string} one paragraph, then the lines of npm that matter
 */
export function explainFailure(output) {
  const known = explanations.find(([pattern]) => pattern.test(output));
  const lines = output
    .split('\n')
    .filter((line) => /\S/.test(line) && !/A complete log of this run|npm warn|npm WARN|^npm \S+\s+at /.test(line))
    .slice(0, 8)
    .map((line) => `  ${line.trimEnd()}`);
  const advice = known?.[1] ?? 'npm could not install the packages; what it said is below.';
  return ['Installing has failed.', advice, ...(lines.length > 0 ? ['npm said:', ...lines] : [])].join('\n');
}
