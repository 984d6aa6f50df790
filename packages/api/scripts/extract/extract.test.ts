import { expect, test } from 'vitest';
import { readTable, tableFile } from '../../src/schema/table.ts';
import { parseDeclaration } from './declarations.ts';
import { extract } from './extract.ts';
import { probeNumber, probeRequired, probeString, type Validator } from './probe.ts';

const file = (body: string, rest = ''): string => `import { IIoK8sApiCoreV1Other } from "./Other.js";
/**
 * A thing.
 * It has two lines.
 */
export interface IThing {
${body}
}
${rest}/**
 * A thing.
 */
export declare class Thing extends Model<IThing> implements IThing {
    constructor(data?: ModelData<IThing>);
}
export type { IThing as IIoK8sApiCoreV1Thing, Thing as IoK8sApiCoreV1Thing };
`;

test('a declaration is read whole', () => {
  const parsed = parseDeclaration(
    file(`    /**
     * How many; see "more": 1 and \`x?: y;\`; or \\*\\/\\*.
     */
    "count"?: number;
    "$ref": Array<IIoK8sApiCoreV1Other>;
    "x-mode"?: "A" | "B-1";
    "labels"?: {
        [key: string]: Array<string>;
    };
    "self"?: IThing;`),
    'Thing.d.ts',
  );
  expect(parsed).toEqual({
    description: 'A thing.\nIt has two lines.',
    mangled: 'IoK8sApiCoreV1Thing',
    local: 'IThing',
    isKind: false,
    properties: [
      {
        name: 'count',
        optional: true,
        description: 'How many; see "more": 1 and `x?: y;`; or */*.',
        type: { is: 'number' },
      },
      {
        name: '$ref',
        optional: false,
        description: '',
        type: { is: 'array', of: { is: 'name', name: 'IIoK8sApiCoreV1Other' } },
      },
      { name: 'x-mode', optional: true, description: '', type: { is: 'literals', values: ['A', 'B-1'] } },
      {
        name: 'labels',
        optional: true,
        description: '',
        type: { is: 'map', of: { is: 'array', of: { is: 'string' } } },
      },
      { name: 'self', optional: true, description: '', type: { is: 'name', name: 'IThing' } },
    ],
  });
});

test.each([
  ['"a": Promise<string>;', 'unknown type Promise'],
  ['"a": string | number;', "a property does not end with ';'"],
  ['"a": Array<string;', 'Array does not end'],
  ['"a": (x: number) => void;', 'unknown type at'],
  ['a: string;', 'cannot read a property'],
  ['"a": string', "a property does not end with ';'"],
])('%s is not understood, and said so', (body, message) => {
  expect(() => parseDeclaration(file(`    ${body}`), 'Thing.d.ts')).toThrow(message);
  expect(() => parseDeclaration(file(`    ${body}`), 'Thing.d.ts')).toThrow('Thing.d.ts: ');
});

test('a file of another form is an error', () => {
  expect(() => parseDeclaration('export const x: 1;\n', 'X.d.ts')).toThrow('X.d.ts: no exported name');
});

/** Answers like the package's validators: complaints in Ajv's form. */
const complaining = (complaints: (value: Record<string, unknown>) => NonNullable<Validator['errors']>): Validator => {
  const validate: Validator = (value) => {
    validate.errors = complaints(value as Record<string, unknown>);
    return validate.errors.length === 0;
  };
  return validate;
};

test('what a number or a text is, is asked', () => {
  const validate = complaining((value) => [
    { instancePath: '', keyword: 'required', params: { missingProperty: 'n' } },
    ...(Number.isInteger(value.n) ? [] : [{ instancePath: '/n', keyword: 'type', params: { type: 'integer' } }]),
    ...(Math.abs(Number(value.n)) > 2 ** 31
      ? [{ instancePath: '/n', keyword: 'format', params: { format: 'int32' } }]
      : []),
    { instancePath: '/odd', keyword: 'format', params: { format: 'uuid' } },
  ]);
  const plain = (value: unknown): unknown => value;
  expect(probeNumber(validate, 'n', plain, '/n')).toEqual({ type: 'integer', format: 'int32' });
  expect(probeNumber(validate, 'm', plain, '/m')).toEqual({ type: 'number', format: 'double' });
  expect(probeString(validate, 'm', plain, '/m')).toBeUndefined();
  expect(() => probeString(validate, 'odd', plain, '/odd')).toThrow('odd: unknown string format uuid');
  expect(() => probeNumber(validate, 'odd', plain, '/odd')).toThrow('odd: unknown number format uuid');
  expect(probeRequired(validate)).toEqual(['n']);
});

test('the generated table is what the installed package says', async () => {
  const extracted = await extract();
  expect(JSON.stringify(extracted)).toBe(JSON.stringify(readTable(tableFile)));
  expect(extracted['io.k8s.api.core.v1.ContainerPort']?.properties.containerPort).toMatchObject({
    type: 'integer',
    format: 'int32',
  });
  expect(extracted['io.k8s.api.core.v1.Secret']?.properties.data).toMatchObject({
    type: 'map',
    values: { type: 'string', format: 'byte' },
  });
});
