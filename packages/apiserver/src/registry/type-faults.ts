/** Why an object of another type is none of the kind asked for, in the words of apimachinery's schemes (v1.32). */
import { type ApiError, apiVersionOf, badRequest } from '@skiff/api';
import { builtinDefinitions } from '@skiff/api/kinds';
import { earlierKinds } from './earlier-versions.ts';

interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

interface GroupVersionKind extends GroupVersion {
  readonly kind: string;
}

/** Kinds that every group and version has, and those of the core group beyond its collections. */
const everywhere = new Set([
  'WatchEvent',
  'ListOptions',
  'GetOptions',
  'DeleteOptions',
  'CreateOptions',
  'UpdateOptions',
  'PatchOptions',
]);
const unversioned = new Set(['Status', 'APIVersions', 'APIGroup', 'APIGroupList', 'APIResourceList']);

const registered = new Set([
  ...builtinDefinitions().flatMap((one) => [one.kind, one.listKind].map((kind) => `${apiVersionOf(one)} ${kind}`)),
  ...earlierKinds,
  'v1 List',
]);
const versions = new Set(builtinDefinitions().map(apiVersionOf));

/** Definitions have a scheme of their own. */
const schemeOf = (group: string): string =>
  group === 'apiextensions.k8s.io'
    ? 'k8s.io/apiextensions-apiserver/pkg/apiserver/apiserver.go:53'
    : 'pkg/api/legacyscheme/scheme.go:30';

export interface TypeFault {
  readonly refusal: ApiError;
  /** What the scheme says; undefined when it could make one of the other. */
  readonly why: string | undefined;
}

/** A body may leave out what it is; undefined when it says nothing else than what is asked for. */
export function typeFault(shown: GroupVersionKind, sent: string, kindSent: string): TypeFault | undefined {
  const kind = kindSent || shown.kind;
  const named = versionNamed(shown, sent);
  const sameVersion = named.group === shown.group && named.version === shown.version;
  if (kind === shown.kind && sameVersion) return undefined;
  const why = isMeta(named, kind) ? noConversion(shown, 'v1', kind) : knownFault(shown, named, kind);
  const text =
    why === undefined
      ? `the API version in the data (${apiVersionOf(named)}) does not match the expected API version (${apiVersionOf(shown)})`
      : `${kind} in version "${named.version}" cannot be handled as a ${shown.kind}: ${why}`;
  return { refusal: badRequest(text), why };
}

/** The version a body names; one without a version names the one that is expected, when the group is that one. */
function versionNamed(shown: GroupVersion, sent: string): GroupVersion {
  const slash = sent.indexOf('/');
  const named = { group: sent.slice(0, Math.max(slash, 0)), version: sent.slice(slash + 1) };
  const isOpen = named.version === '' && (named.group === '' || named.group === shown.group);
  return isOpen ? shown : named;
}

const isMeta = (named: GroupVersion, kind: string): boolean =>
  (everywhere.has(kind) && versions.has(apiVersionOf(named))) ||
  (unversioned.has(kind) && apiVersionOf(named) === 'v1');

function knownFault(shown: GroupVersionKind, named: GroupVersion, kind: string): string | undefined {
  const scheme = schemeOf(shown.group);
  const isKnown = registered.has(`${apiVersionOf(named)} ${kind}`) && schemeOf(named.group) === scheme;
  if (!isKnown) return `no kind "${kind}" is registered for version "${apiVersionOf(named)}" in scheme "${scheme}"`;
  return kind === shown.kind && areOne(named.group, shown.group) ? undefined : noConversion(shown, named.version, kind);
}

/** Kinds that stand in several groups are one behind them. */
const areOne = (a: string, b: string): boolean =>
  a === b || a === 'extensions' || (['', 'events.k8s.io'].includes(a) && ['', 'events.k8s.io'].includes(b));

/** As Go names the types: that of the version, and the one that all versions become. */
const noConversion = ({ group, kind: wanted }: GroupVersionKind, version: string, kind: string): string =>
  `converting (${version}.${kind}) to (${group === '' ? 'core' : group.split('.', 1)[0]}.${wanted}): unknown conversion`;

/** So much of a body is shown. */
const shownBytes = 30;

/** The refusal of a body whose type cannot be told. */
export function unrecognised(kind: string, why: string, body: Uint8Array | string): ApiError {
  return badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${summary(body)})`);
}

/** A body's beginning: as it is when it looks like JSON, else in hexadecimal digits. */
function summary(body: Uint8Array | string): string {
  if (body.length === 0) return '<empty>';
  const bytes = Buffer.from(typeof body === 'string' ? body.slice(0, shownBytes) : body.subarray(0, shownBytes));
  const isJson = bytes[0] === 0x7b;
  const whole = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  return bytes.subarray(0, shownBytes).toString(isJson ? 'utf8' : 'hex') + (whole > shownBytes ? ' ...' : '');
}
