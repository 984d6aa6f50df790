/** What the OpenAPI pages are to the rest of the door. */
import type { Exchange } from './exchange.ts';

export interface OpenApi {
  /** Serves `/openapi/<segments>`. Throws ApiError NotFound. */
  serve(exchange: Exchange, segments: readonly string[]): Promise<void>;
}
