/** How a webhook is reached, wherever it is configured: a URL, or a Service of the cluster. */
import { addServicePath, type FieldError, field } from '@skiff/api';

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
  if (parsed.username !== '') faults.push(field.invalid(path, '', 'user information is not permitted in the URL'));
  if (parsed.hash !== '') faults.push(field.invalid(path, parsed.hash, 'fragments are not permitted in the URL'));
  if (parsed.search !== '') {
    faults.push(field.invalid(path, parsed.search, 'query parameters are not permitted in the URL'));
  }
  return faults;
}

function checkService(service: NonNullable<ClientConfig['service']>, at: string): FieldError[] {
  const faults: FieldError[] = [];
  const { name = '', namespace = '', path, port } = service;
  if (name === '') faults.push(field.required(`${at}.name`, 'service name is required'));
  if (namespace === '') faults.push(field.required(`${at}.namespace`, 'service namespace is required'));
  if (port !== undefined && (port < 1 || port > 65_535)) {
    faults.push(field.invalid(`${at}.port`, port, 'port is not valid: must be between 1 and 65535, inclusive'));
  }
  addServicePath(faults, path ?? '', `${at}.path`);
  return faults;
}
