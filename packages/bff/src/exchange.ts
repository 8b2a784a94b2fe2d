/** What an endpoint of the BFF is, and what it is handed besides the request. */
import type { EffectEvent, NonEmpty, NoticeEvent, RecordedEffects } from '@castellan/audit';
import type { HttpAnswer, HttpRequest } from '@castellan/protocol';

/** One request being answered: who asks, and where its events go. */
export interface Exchange {
  /** The same on all events of this request; shown on error pages so that a person can quote it. */
  readonly correlation: string;
  /** The client address after trusted proxies were taken into account. */
  readonly address: string;
  /** Names the person, once known, for the outcome event. */
  readonly identify: (person: string) => void;
  /** Puts effects into their envelopes, for the port operation that commits them. */
  readonly effects: (...events: NonEmpty<EffectEvent>) => RecordedEffects;
  /** Records something that changes no authority; delivered within a second, lost in a crash before that. */
  readonly notice: (event: NoticeEvent) => void;
}

/** From a request to an answer; what must not be is thrown as a Refusal and answered in `bff.ts`. */
export type Endpoint = (request: HttpRequest, exchange: Exchange) => Promise<HttpAnswer>;
