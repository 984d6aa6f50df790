/** Answers load balancers that ask on a service's healthCheckNodePort whether this node has endpoints. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Logger } from '@skiff/api';
import type { HealthCheck } from './rules.ts';

export interface HealthServers {
  /** Listens on exactly these ports from now on. */
  update(checks: ReadonlyMap<number, HealthCheck>): void;
  close(): void;
}

/** `host` is the address to listen on; '0.0.0.0' for all. */
export function healthServers(host: string, logger: Logger): HealthServers {
  const servers = new Map<number, Server>();
  let current: ReadonlyMap<number, HealthCheck> = new Map();

  const listen = (port: number): Server => {
    const server = createServer((_request, response) => answer(current.get(port), response));
    server.on('error', (error) => {
      logger.error({ port, err: error }, 'health check port cannot be listened on');
      servers.delete(port);
    });
    server.unref();
    return server.listen(port, host);
  };

  const update = (checks: ReadonlyMap<number, HealthCheck>): void => {
    current = checks;
    for (const [port, server] of servers) {
      if (checks.has(port)) continue;
      servers.delete(port);
      server.close();
      server.closeAllConnections();
    }
    for (const port of checks.keys()) if (!servers.has(port)) servers.set(port, listen(port));
  };

  return { update, close: () => update(new Map()) };
}

/** 200 with endpoints, 503 without, and the body kube-proxy gives. */
function answer(check: HealthCheck | undefined, response: ServerResponse): void {
  const localEndpoints = check?.localEndpoints ?? 0;
  response.writeHead(localEndpoints > 0 ? 200 : 503, {
    'content-type': 'application/json',
    'x-content-type-options': 'nosniff',
    'x-load-balancing-endpoint-weight': String(localEndpoints),
  });
  response.end(
    JSON.stringify({
      service: { namespace: check?.namespace ?? '', name: check?.name ?? '' },
      localEndpoints,
      serviceProxyHealthy: true,
    }),
  );
}
