/** What an endpoint is, and what it is handed besides the request. */
import type { EffectEvent, NonEmpty, NoticeEvent, RecordedEffects } from '@castellan/audit';
import type { HttpAnswer, HttpRequest } from '@castellan/protocol';

/** One request being answered: who asks, and where its events go. */
export interface Exchange {
  /** The same on all events of this request; shown on error pages so that a person can quote it. */
  readonly correlation: string;
  /** The client address after trusted proxies were taken into account. */
  readonly address: string;
  /** Names the client or the person, once known, for the outcome event. */
  readonly identify: (actor: { readonly client?: string; readonly person?: string }) => void;
  /** Puts effects into their envelopes, for the store operation that commits them. */
  readonly effects: (...events: NonEmpty<EffectEvent>) => RecordedEffects;
  /** Records something that changes no authority; delivered within a second, lost in a crash before that. */
  readonly notice: (event: NoticeEvent) => void;
}

/** What a change of authority needs of whoever makes it: a request, or an administrator's act. */
export type Acting = Pick<Exchange, 'effects'>;

/** From a request to an answer; a protocol violation is thrown as a Refusal and answered in `handle.ts`. */
export type Endpoint = (request: HttpRequest, exchange: Exchange) => Promise<HttpAnswer>;
