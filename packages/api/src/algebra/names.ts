/**
 * What may be a name, in Kubernetes' words (apimachinery's util/validation, v1.32). Each check returns the faults of a
 * value as messages, and an empty list when it has none. Lengths are in UTF-8 bytes, as Go counts them.
 */

export type Check = (value: string) => string[];

/** More UTF-8 bytes than that. A UTF-16 code unit is three at most, so short texts need not be counted. */
const isLonger = (value: string, bytes: number): boolean =>
  3 * value.length > bytes && Buffer.byteLength(value, 'utf8') > bytes;

export const maxLengthMessage = (length: number): string => `must be no more than ${length} characters`;
export const emptyMessage = 'must be non-empty';
export const rangeMessage = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`;

export function patternMessage(message: string, pattern: string, ...examples: readonly string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${pattern}')`;
  const quoted = examples.map((example) => `'${example}'`).join(',  or ');
  return `${message} (e.g. ${quoted}, regex used for validation is '${pattern}')`;
}

/** All patterns here are anchored, without nested repetition over the same characters, and run on bounded text. */
const whole = (pattern: string): RegExp => new RegExp(`^${pattern}$`);

const labelPattern = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomainPattern = `${labelPattern}(\\.${labelPattern})*`;
const dns1035Pattern = '[a-z]([-a-z0-9]*[a-z0-9])?';
const qualifiedPattern = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelValuePattern = `(${qualifiedPattern})?`;
const environmentPattern = '[-._a-zA-Z][-._a-zA-Z0-9]*';
const configKeyPattern = '[-._a-zA-Z0-9]+';
const identifierPattern = '[A-Za-z_][A-Za-z0-9_]*';
const headerPattern = '[-A-Za-z0-9]+';
const percentPattern = '[0-9]+%';
const wildcardPattern = `\\*\\.${subdomainPattern}`;

const labelRegExp = whole(labelPattern);
const subdomainRegExp = whole(subdomainPattern);
const dns1035RegExp = whole(dns1035Pattern);
const qualifiedRegExp = whole(qualifiedPattern);
const labelValueRegExp = whole(labelValuePattern);
const environmentRegExp = whole(environmentPattern);
const configKeyRegExp = whole(configKeyPattern);
const identifierRegExp = whole(identifierPattern);
const headerRegExp = whole(headerPattern);
const percentRegExp = whole(percentPattern);
const wildcardRegExp = whole(wildcardPattern);

/** Text far above any limit is refused by its length alone, so that no pattern walks a megabyte. */
const farTooLong = 4096;
const matches = (pattern: RegExp, value: string): boolean => value.length <= farTooLong && pattern.test(value);

const labelMessage =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const subdomainMessage =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";

/** `my-name`: RFC 1123 label, 63 characters. */
export const checkDns1123Label: Check = (value) => {
  const faults: string[] = [];
  if (isLonger(value, 63)) faults.push(maxLengthMessage(63));
  if (matches(labelRegExp, value)) return faults;
  faults.push(
    matches(subdomainRegExp, value)
      ? 'must not contain dots'
      : patternMessage(labelMessage, labelPattern, 'my-name', '123-abc'),
  );
  return faults;
};

/** `my-name.example`: RFC 1123 subdomain, 253 characters. */
export const checkDns1123Subdomain: Check = (value) => {
  const faults: string[] = [];
  if (isLonger(value, 253)) faults.push(maxLengthMessage(253));
  if (!matches(subdomainRegExp, value)) faults.push(patternMessage(subdomainMessage, subdomainPattern, 'example.com'));
  return faults;
};

/** `*.example.com`. */
export const checkWildcardDns1123Subdomain: Check = (value) => {
  const faults: string[] = [];
  if (isLonger(value, 253)) faults.push(maxLengthMessage(253));
  if (!matches(wildcardRegExp, value)) {
    faults.push(
      patternMessage(
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
        wildcardPattern,
        '*.example.com',
      ),
    );
  }
  return faults;
};

/** `my-name` that starts with a letter: the name of a Service. */
export const checkDns1035Label: Check = (value) => {
  const faults: string[] = [];
  if (isLonger(value, 63)) faults.push(maxLengthMessage(63));
  if (!matches(dns1035RegExp, value)) {
    faults.push(
      patternMessage(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
        dns1035Pattern,
        'my-name',
        'abc-123',
      ),
    );
  }
  return faults;
};

const qualifiedMessage =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const qualifiedExamples = ['MyName', 'my.name', '123-abc'] as const;

/** `example.com/my_Name`: a label's key, a finalizer, a resource. */
export const checkQualifiedName: Check = (value) => {
  const slash = value.length > farTooLong ? -1 : value.indexOf('/');
  const faults: string[] = [];
  if (slash >= 0 && value.includes('/', slash + 1)) {
    const message = patternMessage(qualifiedMessage, qualifiedPattern, ...qualifiedExamples);
    return [`a qualified name ${message} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const name = value.slice(slash + 1);
  if (slash === 0) faults.push(`prefix part ${emptyMessage}`);
  else if (slash > 0)
    for (const fault of checkDns1123Subdomain(value.slice(0, slash))) faults.push(`prefix part ${fault}`);
  if (name === '') faults.push(`name part ${emptyMessage}`);
  else if (isLonger(name, 63)) faults.push(`name part ${maxLengthMessage(63)}`);
  if (!matches(qualifiedRegExp, name)) {
    faults.push(`name part ${patternMessage(qualifiedMessage, qualifiedPattern, ...qualifiedExamples)}`);
  }
  return faults;
};

/** The value of a label: up to 63 characters, possibly none. */
export const checkLabelValue: Check = (value) => {
  const faults: string[] = [];
  if (isLonger(value, 63)) faults.push(maxLengthMessage(63));
  if (!matches(labelValueRegExp, value)) {
    faults.push(
      patternMessage(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        labelValuePattern,
        'MyValue',
        'my_value',
        '12345',
      ),
    );
  }
  return faults;
};

/** The name of a port: an IANA service name, 15 characters. */
export const checkPortName: Check = (value) => {
  const faults: string[] = [];
  if (isLonger(value, 15)) faults.push(maxLengthMessage(15));
  if (!/^[-a-z0-9]+$/.test(value)) {
    faults.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  }
  if (!/[a-z]/.test(value)) faults.push('must contain at least one letter (a-z)');
  if (value.includes('--')) faults.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) faults.push('must not begin or end with a hyphen');
  return faults;
};

export const checkPortNumber = (port: number): string[] => (port >= 1 && port <= 65535 ? [] : [rangeMessage(1, 65535)]);

/** A key that becomes a file name must not climb out of its folder. */
function checkNoParent(value: string): string[] {
  if (value === '.') return ["must not be '.'"];
  if (value === '..') return ["must not be '..'"];
  return value.startsWith('..') ? ["must not start with '..'"] : [];
}

/** The name of an environment variable that comes from a ConfigMap's or Secret's key. */
export const checkEnvironmentName: Check = (value) => {
  const faults = matches(environmentRegExp, value)
    ? []
    : [
        patternMessage(
          "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
          environmentPattern,
          'my.env-name',
          'MY_ENV.NAME',
          'MyEnvName1',
        ),
      ];
  return [...faults, ...checkNoParent(value)];
};

/** The name of an environment variable as v1.32 takes it: any printable ASCII but the equals sign (KEP-4369). */
export const checkRelaxedEnvironmentName: Check = (value) => {
  if (value === '') return [`environment variable name ${emptyMessage}`];
  if (/^[ -<>-~]+$/.test(value)) return [];
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
};

/** A key of a ConfigMap or Secret. */
export const checkConfigKey: Check = (value) => {
  const faults: string[] = [];
  if (isLonger(value, 253)) faults.push(maxLengthMessage(253));
  if (!matches(configKeyRegExp, value)) {
    faults.push(
      patternMessage(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        configKeyPattern,
        'key.name',
        'KEY_NAME',
        'key-name',
      ),
    );
  }
  return [...faults, ...checkNoParent(value)];
};

export const checkIdentifier: Check = (value) =>
  matches(identifierRegExp, value)
    ? []
    : [
        patternMessage(
          "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
          identifierPattern,
          'my_name',
          'MY_NAME',
          'MyName',
        ),
      ];

export const checkHttpHeaderName: Check = (value) =>
  matches(headerRegExp, value)
    ? []
    : [
        patternMessage(
          "a valid HTTP header must consist of alphanumeric characters or '-'",
          headerPattern,
          'X-Header-Name',
        ),
      ];

export const checkPercent: Check = (value) =>
  matches(percentRegExp, value)
    ? []
    : [
        patternMessage(
          "a valid percent string must be a numeric string followed by an ending '%'",
          percentPattern,
          '1%',
          '93%',
        ),
      ];

/** A user or group id: 0 to 2^31-1. */
export const checkUserOrGroupId = (id: number): string[] =>
  id >= 0 && id <= 2147483647 ? [] : [rangeMessage(0, 2147483647)];

/** A name that is one segment of a URL's path (RBAC objects, and what etcd keys allow). */
export const checkPathSegment: Check = (value) => {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  return ['/', '%'].filter((part) => value.includes(part)).map((part) => `may not contain '${part}'`);
};

/** `acme.io/foo`: a domain and a path, as signer names and node conditions of controllers are. */
export const checkDomainPrefixedPath: Check = (value) => {
  const slash = value.indexOf('/');
  if (slash <= 0 || slash === value.length - 1) {
    return ['must be a domain-prefixed path (such as "acme.io/foo")'];
  }
  const path = value.slice(slash + 1);
  const isPath = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(path);
  return [
    ...checkDns1123Subdomain(value.slice(0, slash)),
    ...(isPath ? [] : [patternMessage('Invalid path', "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+")]),
  ];
};
