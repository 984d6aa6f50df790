/** What Kubernetes says of a strategic patch whose outcome its kind cannot hold: it converts maps to structs, without JSON. */

/** Go's names of what JSON's decoder calls otherwise. A number is an integer unless it has a fraction. */
const goKinds: Readonly<Record<string, string>> = { array: 'slice', object: 'map', number: 'int64' };

const wrongType = /^json: cannot unmarshal (.+) into Go (?:struct field \S+|value) of type (.+)$/;

/**
 * A fault of decoding in the words of runtime.DefaultUnstructuredConverter. Types that read themselves (quantities, times,
 * numbers or names) have their own words, which are left as they are.
 */
export function unstructuredFault(fault: string): string {
  const [, found = '', type = ''] = wrongType.exec(fault) ?? [];
  const [name = ''] = found.split(' ');
  const kind = found.endsWith('with a fraction') ? 'float64' : (goKinds[name] ?? name);
  if (/^(?:u?int\d+|string|bool|float64)$/.test(type)) {
    const isNumber = kind === 'int64' || kind === 'float64';
    return isNumber && type !== 'bool' ? `cannot convert ${kind} to ${type}` : `unrecognized type: ${type}`;
  }
  if (type.startsWith('map[')) return `cannot restore map from ${kind}`;
  if (type.startsWith('[]')) return `cannot restore slice from ${kind}`;
  const readsItself = /^(?:resource\.Quantity|intstr\.IntOrString|v1\.(?:Micro)?Time|v1\.Duration|interface \{\})?$/;
  return readsItself.test(type) ? fault : `cannot restore struct from: ${kind}`;
}

/** A JSON value as Go's `%+v` shows it: `map[a:1 b:[x y]]`. */
export function plainGo(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(plainGo).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `map[${entries.map(([key, each]) => `${key}:${plainGo(each)}`).join(' ')}]`;
}
