/** The two people of the demonstration, named once: the issuer creates their accounts, the API seeds their data. */

/** One of them, before the issuer has given them an id. */
export interface DemoPerson {
  readonly loginName: string;
  readonly displayName: string;
  readonly email: string;
  readonly role: 'customer' | 'accountant';
}

/** An ordinary person, and an accountant who may read everybody's invoices. */
export const demoPeople: { readonly nora: DemoPerson; readonly theo: DemoPerson } = {
  nora: { loginName: 'nora', displayName: 'Nora Lindqvist', email: 'nora@example.test', role: 'customer' },
  theo: { loginName: 'theo', displayName: 'Theo Marchetti', email: 'theo@example.test', role: 'accountant' },
};
