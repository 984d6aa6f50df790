/** Constructors of untyped clients of skiff.v1. */
import { makeClientConstructor, type ServiceClientConstructor } from '@grpc/grpc-js';
import { services } from '@skiff/api/wire';

const clientOf = (name: keyof typeof services): ServiceClientConstructor => makeClientConstructor(services[name], name);

export const clients = { Resources: clientOf('Resources'), Pods: clientOf('Pods'), Nodes: clientOf('Nodes') } as const;
