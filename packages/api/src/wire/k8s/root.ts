/** The messages of `proto/k8s`, read a file at a time when first needed. */

import protobuf from 'protobufjs';
import { protoDir } from '../proto/files.ts';

const root = new protobuf.Root();
// Imports are written from proto/, as protoc and buf want them.
root.resolvePath = (_origin, target) => (target.startsWith(protoDir) ? target : protoDir + target);

/** `k8s.io.api.apps.v1` is in `k8s/io/api/apps/v1/apps.proto`: the last part that is not a version names the file. */
function fileOf(packageName: string): string {
  const parts = packageName.split('.');
  const name = parts.findLast((part) => !/^v\d/.test(part)) ?? '';
  return `${parts.join('/')}/${name}.proto`;
}

/** A message's declaration. Throws an Error when `proto/k8s` has no such message. */
export function typeOf(fullName: string): protobuf.Type {
  root.loadSync(fileOf(fullName.slice(0, fullName.lastIndexOf('.'))), { keepCase: true });
  return root.lookupType(fullName);
}
