/** What `castellan dev` runs here: the issuer's configuration, two demo people, the API and the web app. */
import { join } from 'node:path';
import type { DevelopmentPlace, DevelopmentProject, DevelopmentSetup } from 'castellan';
import { type DemoPerson, demoPeople } from './api/demo-people.ts';
import { webScopes } from './web/scopes.ts';

/** The project. */
export const project: DevelopmentProject = { name: 'invoices', ports: ['api', 'web'], describe };

/** What the API lets a client do, in words for the consent page. */
const apiScopes = {
  'invoices:read': 'See your invoices',
  'invoices:write': 'Change the notes on your invoices',
  'invoices:report': 'Count all invoices, without names',
  'users:read': 'See your profile',
  'users:write': 'Change your display name',
  'users:admin': 'See the list of people, if your role allows it',
};

function describe({ folder, issuer, urls }: DevelopmentPlace): DevelopmentSetup {
  const api = urls['api'] ?? '';
  const web = urls['web'] ?? '';
  const apiSecret = join(folder, 'api-client-secret');
  const webSecret = join(folder, 'web-client-secret');
  const batchSecret = join(folder, 'batch-client-secret');
  return {
    config: {
      issuer,
      store: { sqlite: join(folder, 'issuer.sqlite') },
      masterKey: { file: join(folder, 'master-key') },
      resources: [
        {
          audience: api,
          name: 'Invoices API',
          scopes: apiScopes,
          credentials: { id: 'invoices-api', authentication: 'client_secret_basic', secret: { file: apiSecret } },
        },
      ],
      clients: [
        {
          id: 'invoices-web',
          name: 'Invoices',
          kind: 'web',
          authentication: 'client_secret_basic',
          secret: { file: webSecret },
          grants: ['authorization_code', 'refresh_token'],
          redirectUris: [`${web}/callback`],
          postLogoutRedirectUris: [`${web}/signed-out`],
          scopes: webScopes,
          resources: [api],
          defaultResource: api,
          consent: 'ask',
        },
        batchClient(api, batchSecret),
        cliClient(api),
      ],
    },
    people: [
      account(demoPeople.nora, 'an ordinary person with invoices of her own'),
      account(demoPeople.theo, 'an accountant, who reads all invoices and sees the list of people'),
    ],
    apps: [
      {
        name: 'api',
        entry: new URL('./api/main.ts', import.meta.url),
        environment: {
          ISSUER: issuer,
          API_URL: api,
          API_CLIENT_ID: 'invoices-api',
          API_CLIENT_SECRET_FILE: apiSecret,
          FOLDER: folder,
          DEMO_PEOPLE_FILE: join(folder, 'demo-people.json'),
        },
      },
      {
        name: 'web',
        entry: new URL('./web/main.ts', import.meta.url),
        environment: {
          ISSUER: issuer,
          API_URL: api,
          WEB_URL: web,
          FOLDER: folder,
          WEB_CLIENT_ID: 'invoices-web',
          WEB_CLIENT_SECRET_FILE: webSecret,
        },
      },
    ],
    tryNext: [
      `Open ${web}, sign in as ${demoPeople.nora.loginName}, and open one of her invoices.`,
      `Then open ${web}/invoices/42, which is somebody else's, and ${web}/admin, which is for accountants.`,
      `Sign out, sign in as ${demoPeople.theo.loginName}, and open the same two.`,
      `Ask without a token: curl -i ${api}/invoices`,
      `Count as a service: ISSUER=${issuer} API_URL=${api} BATCH_CLIENT_ID=invoices-batch BATCH_CLIENT_SECRET_FILE=${batchSecret} node --conditions=castellan-source examples/invoices/batch/main.ts`,
      `Go through the code flow by hand, with any parameters (docs/flows): npm run -s flow -- issuer=${issuer} scope='openid invoices:read'`,
      `Ask as a command line does: npx castellan login --issuer ${issuer} --client invoices-cli --scope invoices:read`,
    ],
  };
}

type DemoClient = NonNullable<DevelopmentSetup['config']['clients']>[number];

/** Nobody signs in for it: what it may do is all written here. */
function batchClient(api: string, secret: string): DemoClient {
  return {
    id: 'invoices-batch',
    name: 'Nightly count of invoices',
    kind: 'web',
    authentication: 'client_secret_basic',
    secret: { file: secret },
    grants: ['client_credentials'],
    redirectUris: [],
    scopes: [],
    ownScopes: ['invoices:report'],
    resources: [api],
    defaultResource: api,
  };
}

/** A command line: public, and its person signs in elsewhere. */
function cliClient(api: string): DemoClient {
  return {
    id: 'invoices-cli',
    name: 'Invoices on the command line',
    kind: 'native',
    authentication: 'none',
    grants: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    redirectUris: ['http://127.0.0.1/callback'],
    scopes: ['openid', 'profile', 'email', 'offline_access', 'invoices:read'],
    resources: [api],
    defaultResource: api,
    consent: 'ask',
  };
}

function account(
  { loginName, displayName, email }: DemoPerson,
  description: string,
): DevelopmentSetup['people'][number] {
  const [givenName = '', familyName = ''] = displayName.split(' ');
  const profile = { name: displayName, givenName, familyName, email, emailVerified: true };
  return { loginName, description, profile };
}
