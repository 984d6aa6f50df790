/** The files of `proto/`. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Declarations, readDeclarations } from './declarations.ts';

/** What the protos are read with, wherever they are. */
export const protoDir = fileURLToPath(new URL('../../../../../proto/', import.meta.url));

/** It comes with every protobuf library, and so it does not stand in `proto/`. */
const any = [
  { name: 'type_url', number: 1, type: 'string', repeated: false },
  { name: 'value', number: 2, type: 'bytes', repeated: false },
];

/** Of a file and all that it builds on; the services are the file's own. */
export function declarationsOf(file: string): Declarations {
  if (file === 'google/protobuf/any.proto')
    return { imports: [], messages: new Map([['google.protobuf.Any', any]]), enums: new Map(), services: new Map() };
  const own = readDeclarations(readFileSync(protoDir + file, 'utf8'));
  const imported = own.imports.map(declarationsOf);
  return {
    ...own,
    messages: new Map([...imported.flatMap(({ messages }) => [...messages]), ...own.messages]),
    enums: new Map([...imported.flatMap(({ enums }) => [...enums]), ...own.enums]),
  };
}
