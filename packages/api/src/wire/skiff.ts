/**
 * The gRPC services of skiff.v1 for servers and clients of @grpc/grpc-js. Each is read from `proto/skiff/v1` when it is first asked for: most
 * programs speak one of them.
 */
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import type { MethodDeclaration } from './proto/declarations.ts';
import { decode } from './proto/decode.ts';
import { encode } from './proto/encode.ts';
import { declarationsOf } from './proto/files.ts';
import { type MessageType, messageTypes } from './proto/types.ts';

const files = { Resources: 'resources', Pods: 'pods', Nodes: 'nodes' } as const;
type ServiceName = keyof typeof files;

const known = new Map<ServiceName, ServiceDefinition>();

function serviceOf(name: ServiceName): ServiceDefinition {
  const before = known.get(name);
  if (before !== undefined) return before;
  const declarations = declarationsOf(`skiff/v1/${files[name]}.proto`);
  const typeOf = messageTypes(declarations);
  const methods = declarations.services.get(name) ?? [];
  const definition = Object.fromEntries(methods.map((method) => [method.name, methodOf(name, method, typeOf)]));
  known.set(name, definition);
  return definition;
}

function methodOf(
  service: ServiceName,
  { name, request, requestStream, response, responseStream }: MethodDeclaration,
  typeOf: (name: string) => MessageType,
): MethodDefinition<object, object> {
  const [requestType, responseType] = [typeOf(request), typeOf(response)];
  return {
    path: `/skiff.v1.${service}/${name}`,
    originalName: name.charAt(0).toLowerCase() + name.slice(1),
    requestStream,
    responseStream,
    requestSerialize: (message) => encode(requestType, message),
    requestDeserialize: (bytes) => decode(requestType, bytes),
    responseSerialize: (message) => encode(responseType, message),
    responseDeserialize: (bytes) => decode(responseType, bytes),
  };
}

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
