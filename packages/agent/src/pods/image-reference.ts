/** Image names as people write them. Grammar: distribution's reference specification. Pure. */

export interface ImageReference {
  /** Registry host with port, '' when none was written (Docker Hub). */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repositoryPattern = new RegExp(`^${component}(?:/${component})*$`);
const registryPattern =
  /^(?:localhost|(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])(?::\d+)?$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}$/;

/** Undefined for what is no reference. A name longer than 255 characters is none. */
export function parseImageReference(text: string): ImageReference | undefined {
  if (text.length > 600) return undefined;
  const at = text.indexOf('@');
  const named = at < 0 ? text : text.slice(0, at);
  const digest = at < 0 ? '' : text.slice(at + 1);
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const name = hasTag ? named.slice(0, colon) : named;
  const tag = hasTag ? named.slice(colon + 1) : '';
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isRegistry = first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase();
  const registry = isRegistry ? first : '';
  const repository = isRegistry ? name.slice(slash + 1) : name;
  if (name.length > 255 || !repositoryPattern.test(repository)) return undefined;
  if (registry !== '' && !registryPattern.test(registry)) return undefined;
  if (hasTag && !tagPattern.test(tag)) return undefined;
  if (at >= 0 && !digestPattern.test(digest)) return undefined;
  return { registry, repository, tag, digest };
}

/** With `:latest` added when there is neither tag nor digest. */
export const withDefaultTag = (text: string, { tag, digest }: ImageReference): string =>
  tag === '' && digest === '' ? `${text}:latest` : text;
