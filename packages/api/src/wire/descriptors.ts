/** Every file of skiff.v1 with what it imports: what the reflection service shows. */
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { protoDir } from './proto/files.ts';

export const packageDefinition: PackageDefinition = loadSync(
  ['skiff/v1/resources.proto', 'skiff/v1/pods.proto', 'skiff/v1/nodes.proto'],
  { includeDirs: [protoDir], keepCase: false, longs: String, enums: String, defaults: true, oneofs: true },
);
