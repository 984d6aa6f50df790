/** Which requests go to the servers behind this one, and what they are told when those cannot be reached. */
import type { Exchange } from '../../http/exchange.ts';
import type { ServeElsewhere } from '../../http/handler.ts';
import type { UpgradeElsewhere } from '../../http/streams/upgrade.ts';
import type { Target } from '../../registry/contract.ts';
import type { Aggregator } from './aggregator.ts';
import { type ApiService, isAvailable } from './api-service.ts';
import { remoteVerbs, type Verbs } from './forward.ts';
import { type RemoteParts, serveRemote, unavailable, upgradeRemote } from './remote.ts';

/** `/apis/<group>/<version>` and below, and the OpenAPI page of it. */
const groupVersionPath = /^\/(?:openapi\/v3\/)?apis\/([^/]+)\/([^/]+)(?:\/|$)/;

/** The server that answers for a path in place of this one. */
export function remoteOfPath(aggregator: Aggregator, path: string): ApiService | undefined {
  const match = groupVersionPath.exec(path);
  return match === null ? undefined : aggregator.remoteFor(match[1] ?? '', match[2] ?? '');
}

export const serveElsewhere =
  (aggregator: Aggregator, parts: RemoteParts): ServeElsewhere =>
  async (exchange: Exchange, context, info) => {
    const service =
      info.type === 'resource'
        ? aggregator.remoteFor(info.target.group, info.target.version)
        : remoteOfPath(aggregator, exchange.path);
    if (service === undefined) return false;
    if (!isAvailable(service)) throw unavailable();
    await serveRemote(parts, service, exchange, context);
    return true;
  };

/** The verbs of a server behind this one, for callers of gRPC. Throws ApiError ServiceUnavailable while it cannot be reached. */
export const verbsElsewhere =
  (aggregator: Aggregator, parts: RemoteParts) =>
  (target: Target): Verbs | undefined => {
    const service = aggregator.remoteFor(target.group, target.version);
    if (service === undefined) return undefined;
    if (!isAvailable(service)) throw unavailable();
    return remoteVerbs(parts, service);
  };

export const upgradeElsewhere =
  (aggregator: Aggregator, parts: RemoteParts) =>
  (target: Target): UpgradeElsewhere | undefined => {
    const service = aggregator.remoteFor(target.group, target.version);
    if (service === undefined) return undefined;
    return async (upgrade, context, onAccepted) => {
      if (!isAvailable(service)) throw unavailable();
      await upgradeRemote(parts, service, upgrade, context, onAccepted);
    };
  };
