/** `messages.ts` against the protos: every message, every field, no field too many, optional exactly where the wire may leave it out. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';

const protoDir = fileURLToPath(new URL('../../../../proto/', import.meta.url));
const root = new protobuf.Root();
root.resolvePath = (_, target) => (target.startsWith('google/') ? null : protoDir + target);
root.loadSync(['skiff/v1/resources.proto', 'skiff/v1/pods.proto', 'skiff/v1/nodes.proto']);
const v1 = root.lookup('skiff.v1') as protobuf.Namespace;

/** Field name -> whether it is optional, of each interface; a type alias has those of what it stands for. */
const declared = new Map<string, ReadonlyMap<string, boolean>>();
const source = readFileSync(fileURLToPath(new URL('./messages.ts', import.meta.url)), 'utf8');
for (const [, name = '', body = ''] of source.matchAll(/^export interface (\w+) \{\n(.*?)^\}/gms)) {
  const fields = [...body.matchAll(/^ {2}(\w+)(\??):/gm)].map(([, key = '', mark]) => [key, mark === '?'] as const);
  declared.set(name, new Map(fields));
}
for (const [, alias = '', of = ''] of source.matchAll(/^export type (\w+) = (\w+);/gm)) {
  declared.set(alias, declared.get(of) ?? new Map());
}

/** Where the TypeScript name is not the message's: `Object` is taken. */
const renamed: Readonly<Record<string, string>> = { Object: 'ObjectMessage' };
/** Nothing is in them to declare. */
const isEmpty = (type: protobuf.Type): boolean => type.fieldsArray.length === 0;
const types = v1.nestedArray.filter((one): one is protobuf.Type => one instanceof protobuf.Type && !isEmpty(one));
const enums = v1.nestedArray.filter((one): one is protobuf.Enum => one instanceof protobuf.Enum);

describe('messages', () => {
  test.each(types.map((type) => [type.name, type] as const))('%s', (name, type) => {
    const expected = type.fieldsArray.map((field) => [field.name, field.partOf !== null] as const);
    const found = declared.get(renamed[name] ?? name);
    expect(found === undefined ? undefined : [...found].sort()).toEqual([...expected].sort());
  });
});

describe('enums', () => {
  test.each(enums.map((one) => [one.name, one] as const))('%s', (name, one) => {
    const body = new RegExp(`export type ${name} =([^;]+);`).exec(source)?.[1] ?? '';
    expect([...body.matchAll(/'(\w+)'/g)].map(([, value]) => value).sort()).toEqual(Object.keys(one.values).sort());
  });
});
