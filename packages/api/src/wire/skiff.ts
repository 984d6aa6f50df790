/**
 * The gRPC services of skiff.v1 for servers and clients of @grpc/grpc-js. Each is read from `proto/skiff/v1` when it is first asked for: most
 * programs speak one of them.
 */
import { fileURLToPath } from 'node:url';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import protobuf from 'protobufjs';

/** What the protos are read with, wherever they are. */
export const protoDir = fileURLToPath(new URL('../../../../proto/', import.meta.url));

const files = { Resources: 'resources', Pods: 'pods', Nodes: 'nodes' } as const;
type ServiceName = keyof typeof files;

/** Plain fields are filled, 64-bit numbers are strings, enums their names: as `messages.ts` says. */
const shape: protobuf.IConversionOptions = { longs: String, enums: String, defaults: true, oneofs: true };

const root = new protobuf.Root();
root.resolvePath = (_origin, target) => (target.startsWith(protoDir) ? target : protoDir + target);
const known = new Map<ServiceName, ServiceDefinition>();

function serviceOf(name: ServiceName): ServiceDefinition {
  const before = known.get(name);
  if (before !== undefined) return before;
  root.loadSync(`skiff/v1/${files[name]}.proto`).resolveAll();
  const { methodsArray } = root.lookupService(`skiff.v1.${name}`);
  const definition = Object.fromEntries(methodsArray.map((method) => [method.name, methodOf(name, method)]));
  known.set(name, definition);
  return definition;
}

function methodOf(service: ServiceName, method: protobuf.Method): MethodDefinition<object, object> {
  method.resolve();
  const { resolvedRequestType: request, resolvedResponseType: response } = method;
  if (request === null || response === null) throw new Error(`${service}.${method.name} is not declared in full`);
  return {
    path: `/skiff.v1.${service}/${method.name}`,
    originalName: method.name.charAt(0).toLowerCase() + method.name.slice(1),
    requestStream: method.requestStream === true,
    responseStream: method.responseStream === true,
    requestSerialize: serializer(request),
    requestDeserialize: deserializer(request),
    responseSerialize: serializer(response),
    responseDeserialize: deserializer(response),
  };
}

const serializer =
  (type: protobuf.Type) =>
  (message: object): Buffer =>
    type.encode(type.fromObject(message)).finish() as Buffer;

const deserializer =
  (type: protobuf.Type) =>
  (bytes: Buffer): object =>
    type.toObject(type.decode(bytes), shape);

export const services: { readonly [K in ServiceName]: ServiceDefinition } = {
  get Resources() {
    return serviceOf('Resources');
  },
  get Pods() {
    return serviceOf('Pods');
  },
  get Nodes() {
    return serviceOf('Nodes');
  },
};
