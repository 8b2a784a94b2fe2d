/** What is known of a person besides how they sign in. Stored as one JSON text, so a new member needs no migration. */

/** Standard claims of OpenID Connect Core §5.1, in our own case. */
export interface Profile {
  readonly name?: string;
  readonly givenName?: string;
  readonly familyName?: string;
  readonly middleName?: string;
  readonly nickname?: string;
  readonly preferredUsername?: string;
  /** URL of a page about the person. */
  readonly profile?: string;
  /** URL of an image. */
  readonly picture?: string;
  /** URL of a page of the person's own. */
  readonly website?: string;
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly gender?: string;
  /** ISO 8601 date; the year may be 0000. */
  readonly birthdate?: string;
  /** As in the time zone database. */
  readonly zoneinfo?: string;
  readonly locale?: string;
  /** E.164. */
  readonly phoneNumber?: string;
  readonly phoneNumberVerified?: boolean;
  readonly address?: Address;
  /** Seconds since the epoch. */
  readonly updatedAt?: number;
}

/** OpenID Connect Core §5.1.1. */
export interface Address {
  readonly formatted?: string;
  readonly streetAddress?: string;
  readonly locality?: string;
  readonly region?: string;
  readonly postalCode?: string;
  readonly country?: string;
}
