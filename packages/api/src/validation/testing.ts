/** For tests only: objects from YAML, decoded and defaulted as the server does it before it validates. */
import type { Definition } from '../definition.ts';
import type { FieldError } from '../errors.ts';
import { parseYaml } from '../json/yaml.ts';
import { findBuiltinKind } from '../kinds/builtin.ts';
import { applyDefaults } from '../kinds/defaults/apply.ts';
import { type JsonObject, parseApiVersion } from '../object.ts';
import { decode } from '../schema/decode.ts';
import { validate, validateUpdate } from './validate.ts';

export interface Prepared {
  readonly definition: Definition;
  readonly object: JsonObject;
}

/** A pod with one good container, whose spec, container and metadata are extended by YAML flow text. */
export const podText = (spec = '', container = '', metadata = ''): string => {
  const more = (text: string): string => (text === '' ? '' : `, ${text}`);
  const containers = `containers: [{name: c, image: "i:1"${more(container)}}]`;
  return `{apiVersion: v1, kind: Pod, metadata: {name: a${more(metadata)}}, spec: {${containers}${more(spec)}}}`;
};

/** An object called `a`, whose other members are YAML flow text. */
export const objectText = (apiVersion: string, kind: string, rest: string): string =>
  `{apiVersion: ${apiVersion}, kind: ${kind}, metadata: {name: a}, ${rest}}`;

/** Throws when the document does not decode. */
export function prepared(document: string | JsonObject): Prepared {
  const value = typeof document === 'string' ? (parseYaml(document)[0]?.value as JsonObject) : document;
  const { group = '', version = '' } = parseApiVersion(String(value.apiVersion)) ?? {};
  const definition = findBuiltinKind({ group, version, kind: String(value.kind) });
  if (definition === undefined) throw new Error(`unknown kind ${value.kind}`);
  const decoded = decode(definition.schema(), value);
  const faults = [...decoded.faults, ...decoded.unknown];
  if (faults.length > 0) throw new Error(faults.join());
  const object = applyDefaults(definition, decoded.value as JsonObject);
  const metadata = object.metadata as JsonObject;
  if (definition.namespaced) metadata.namespace ??= 'default';
  return { definition, object };
}

const lines = (faults: readonly FieldError[]): string[] => faults.map((fault) => `${fault.field}: ${fault.message}`);

/** The faults of a new object, one line each: `spec.replicas: Invalid value: -1: …`. */
export function faultsOf(document: string): string[] {
  const { definition, object } = prepared(document);
  return lines(validate(definition, object));
}

/** The faults of a change. */
export function faultsOfChange(next: string, previous: string, subresource = ''): string[] {
  const { definition, object } = prepared(next);
  return lines(validateUpdate(definition, object, prepared(previous).object, subresource));
}

/** Sound certificate requests of `CN=a`, by their key. Nobody has the keys. */
export const requestPems = {
  ec: `-----BEGIN CERTIFICATE REQUEST-----
MIHFMG4CAQAwDDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
BJnksAfBO0pVn6P5T/+j+CW3I9y/RUQPhKZ5xPriStLd1NodEN9qNs4x8ouhKrFX
pvBXykcEqrNICcnLqoGEslGgADAKBggqhkjOPQQDAgNHADBEAiAcnKWtzE+HQSN1
2HahnRw7y/Z59d86oCeRVDp+sWQZEQIgP3phLGvXyeYHhqkt4LMdqi9WeyA0bWy6
AKmxFrYANnI=
-----END CERTIFICATE REQUEST-----
`,
  rsa: `-----BEGIN CERTIFICATE REQUEST-----
MIIBSzCBtQIBADAMMQowCAYDVQQDDAFhMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCB
iQKBgQCmmyGoQtWc+ehaol6N4PgmdRKBdnURApcwWex977d2uenGsF3aMxfMALks
iWW+jYXk1qIVE0qNdDVBknCn7ElCfM/AyljECUnDIulLZHOYhcUJLOGrK8vnEymi
ozrSTeU6qdwASDK+19xUx0F+ntPAN5jw9TWNWxW/MP7nv4DiNwIDAQABoAAwDQYJ
KoZIhvcNAQELBQADgYEAeV1tMgO62bof10OWDd4qlKBBf7hvc6q4USjdac8Mgjf9
/iInJnsXQHa3Y4djnhTIFDObCphf1RRydBEDUZdm5n4UXFniH4ipi1YzqWCjmPNU
Md+zWTcSOb/gV0/1SpQkc7FkjCZikaDw4TDbhNKsySS43EQ0naZs/36YPw8DW5k=
-----END CERTIFICATE REQUEST-----
`,
  pss: `-----BEGIN CERTIFICATE REQUEST-----
MIIBfzCBtQIBADAMMQowCAYDVQQDDAFhMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCB
iQKBgQC9oqGXVI3p9s+QhTmIC3orUKCM6orb180RLsIg1MDpAbAYrOg/R+dzGjx7
vfmED3ZWoqwVOok4nyS0UNYoJlhlajpOxK0WRhxc1/y5fOZB/jhgX5+spMh9cCpj
t7//kNWdHXjC8cAE2duw0/7mYQ/COPZAI6gXuXURkifOX8MLRQIDAQABoAAwQQYJ
KoZIhvcNAQEKMDSgDzANBglghkgBZQMEAgEFAKEcMBoGCSqGSIb3DQEBCDANBglg
hkgBZQMEAgEFAKIDAgEgA4GBAEYew8Oktq+UcK3HnB0GFEDAMVJacOCJnqQWjbvJ
bQLV7ChnNqnxb1LSOp90pDVlB8oa1gXziYcD3TsPvb3WGHu/6uFsGykzdubA/LMq
LHhuNqhjcu5Kj1UyLQubJn3Uxz64VoGSZONxABgsN3GCcnpm+OVvdKyzjqQRlkTN
nWD+
-----END CERTIFICATE REQUEST-----
`,
  ed25519: `-----BEGIN CERTIFICATE REQUEST-----
MIGLMD8CAQAwDDEKMAgGA1UEAwwBYTAqMAUGAytlcAMhADZ2iI3L/5ftsyTgGMzb
Q5KQL88nSogHf7bctnVjN58DoAAwBQYDK2VwA0EAao6lWjtHwKhykzeMeifJmLMJ
jvoFHxM9xRDKMWvyliYxsiIL8RWWyd0WiK0iGs8IPiT7HudrjkNQ8oiVY+/nAw==
-----END CERTIFICATE REQUEST-----
`,
} as const;
