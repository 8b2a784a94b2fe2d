/** All this app may do for a person; the API asks its policy nevertheless. */
export const webScopes: readonly string[] = [
  'openid',
  'profile',
  'invoices:read',
  'invoices:write',
  'users:read',
  'users:write',
  'users:admin',
];
