/** A gRPC door whose answers are the test's. */
import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { services } from '@skiff/api/wire';

export interface Door {
  readonly port: number;
  readonly address: string;
  /** Goes away at once, with every call. */
  stop(): void;
}

export async function startDoor(
  implementation: UntypedServiceImplementation,
  service: keyof typeof services = 'Resources',
): Promise<Door> {
  const server = new Server();
  server.addService(services[service], implementation);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return { port, address: `127.0.0.1:${port}`, stop: () => server.forceShutdown() };
}
