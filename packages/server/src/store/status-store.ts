/** Whose status tokens carry, and what has become of it. A part of `store.ts`. */

/** The owner of what a client gets for itself: all its tokens for one resource. */
export interface Service {
  readonly client: string;
  /** The resource's audience. */
  readonly resource: string;
}

/** The place of an owner's bit. */
export interface OwnedStatus {
  readonly statusIndex: number;
  readonly epoch: number;
}

/** Where the database is. */
export interface StatusPosition {
  /** Of the database: lists of another one say nothing about tokens of this one. */
  readonly epoch: number;
  /** Counts up by one with each commit that flips bits. */
  readonly version: number;
  /** No index from here on was given out. */
  readonly endOfIndexes: number;
}

export interface StatusStore {
  /** Gives out `count` indexes and answers the first of them. None is ever given out twice. */
  readonly leaseStatusIndexes: (count: number) => Promise<number>;
  readonly findServiceStatus: (service: Service) => Promise<OwnedStatus | undefined>;
  /** Gives the service this index unless it has one, and answers which it has; none for a client that is switched off. */
  readonly startServiceStatus: (service: Service, statusIndex: number) => Promise<OwnedStatus | undefined>;
  readonly readStatusPosition: () => Promise<StatusPosition>;
  /** The indexes flipped by commits later than the version `after`, up to and with `upTo`: at most `limit` of them. */
  readonly readStatusFlips: (range: {
    readonly after: number;
    readonly upTo: number;
    readonly limit: number;
  }) => Promise<readonly number[]>;
  /** The flipped indexes from `first` on, before `end`. */
  readonly readFlippedIndexes: (first: number, end: number) => Promise<readonly number[]>;
}
