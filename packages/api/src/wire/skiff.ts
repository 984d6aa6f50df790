/** The gRPC services of skiff.v1, loaded once from `proto/skiff/v1`; for servers and clients of @grpc/grpc-js. */
import { fileURLToPath } from 'node:url';
import type { GrpcObject, ServiceClientConstructor, ServiceDefinition } from '@grpc/grpc-js';
import { loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';

const protoDir = fileURLToPath(new URL('../../../../proto', import.meta.url));

/** Every file of skiff.v1 with what it imports: what the reflection service shows. */
export const packageDefinition: PackageDefinition = loadSync(
  ['skiff/v1/resources.proto', 'skiff/v1/pods.proto', 'skiff/v1/nodes.proto'],
  { includeDirs: [protoDir], keepCase: false, longs: String, enums: String, defaults: true, oneofs: true },
);

const loaded = (loadPackageDefinition(packageDefinition).skiff as GrpcObject).v1 as GrpcObject;

/** Constructors of untyped clients; their `.service` is what a server adds. */
export const clients = {
  Resources: loaded.Resources as ServiceClientConstructor,
  Pods: loaded.Pods as ServiceClientConstructor,
  Nodes: loaded.Nodes as ServiceClientConstructor,
} as const;

export const services: { readonly [K in keyof typeof clients]: ServiceDefinition } = {
  Resources: clients.Resources.service,
  Pods: clients.Pods.service,
  Nodes: clients.Nodes.service,
};
