/** How a webhook is reached, wherever it is configured: a URL, or a Service of the cluster. */
import { checkDns1123Subdomain, checkPortNumber } from '../algebra/names.ts';
import { type FieldError, field } from '../errors.ts';
import { addEach, type Faults } from './support.ts';

export interface ClientConfig {
  readonly url?: string;
  readonly service?: {
    readonly namespace?: string;
    readonly name?: string;
    readonly path?: string;
    readonly port?: number;
  };
  /** PEM, base64 as in every byte field. */
  readonly caBundle?: string;
}

/** Faults of a configuration, worded as apiserver's util/webhook words them. `path` is that of the configuration. */
export function checkClientConfig(config: ClientConfig, path: string): FieldError[] {
  const { url, service } = config;
  if ((url === undefined) === (service === undefined)) {
    return [field.required(path, 'exactly one of url or service is required')];
  }
  return url === undefined ? checkService(service ?? {}, `${path}.service`) : checkUrl(url, `${path}.url`);
}

const urlForm = '; desired format: https://host[/path]';

function checkUrl(url: string, path: string): FieldError[] {
  if (!URL.canParse(url)) return [field.required(path, `url must be a valid URL: ${JSON.stringify(url)}${urlForm}`)];
  const parsed = new URL(url);
  const faults: FieldError[] = [];
  if (parsed.protocol !== 'https:') {
    faults.push(field.invalid(path, parsed.protocol.slice(0, -1), `'https' is the only allowed URL scheme${urlForm}`));
  }
  if (parsed.host === '') faults.push(field.invalid(path, parsed.host, `host must be specified${urlForm}`));
  const { username, password, hash, search } = parsed;
  if (username !== '' || password !== '') {
    const user = password === '' ? username : `${username}:${password}`;
    faults.push(field.invalid(path, user, 'user information is not permitted in the URL'));
  }
  if (hash !== '') faults.push(field.invalid(path, hash.slice(1), 'fragments are not permitted in the URL'));
  if (search !== '') faults.push(field.invalid(path, search.slice(1), 'query parameters are not permitted in the URL'));
  return faults;
}

function checkService(service: NonNullable<ClientConfig['service']>, at: string): FieldError[] {
  const faults: FieldError[] = [];
  const { name = '', namespace = '', path, port } = service;
  if (name === '') faults.push(field.required(`${at}.name`, 'service name is required'));
  if (namespace === '') faults.push(field.required(`${at}.namespace`, 'service namespace is required'));
  for (const message of checkPortNumber(port ?? 443)) {
    faults.push(field.invalid(`${at}.port`, port, `port is not valid: ${message}`));
  }
  addServicePath(faults, path ?? '', `${at}.path`);
  return faults;
}

/** A path of names; only its end may be empty. */
function addServicePath(faults: Faults, path: string, at: string): void {
  if (path === '' || path === '/') return;
  if (path === '//') return void faults.push(field.invalid(at, path, 'segment[0] may not be empty'));
  if (!path.startsWith('/')) faults.push(field.invalid(at, path, "must start with a '/'"));
  const segments = path.slice(1).replace(/\/$/, '').split('/');
  for (const [index, segment] of segments.entries()) {
    if (segment === '') faults.push(field.invalid(at, path, `segment[${index}] may not be empty`));
    else {
      const why = checkDns1123Subdomain(segment).map((message) => `segment[${index}]: ${message}`);
      addEach(faults, at, path, why);
    }
  }
}
