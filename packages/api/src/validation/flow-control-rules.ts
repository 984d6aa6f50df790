/** The rules of flow schemas: who asks, and for what (pkg/apis/flowcontrol/validation). */
import { checkDns1123Label, checkDns1123Subdomain } from '../algebra/names.ts';
import { field } from '../errors.ts';
import type { FlowSchema } from '../kinds/types.ts';
import { addEach, addMissing, type Faults, type Loose } from './support.ts';

type Rules = NonNullable<NonNullable<Loose<FlowSchema>['spec']>['rules']>;
type Rule = Rules[number];
type Subject = NonNullable<Rule['subjects']>[number];
type ResourceRule = NonNullable<Rule['resourceRules']>[number];
type NonResourceRule = NonNullable<Rule['nonResourceRules']>[number];

/** In the order of a sorted set, as the refusal lists them. */
const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];

export function addFlowRules(faults: Faults, rules: Rules | undefined): void {
  for (const [index, rule] of (rules ?? []).entries()) addRule(faults, rule, `spec.rules[${index}]`);
}

function addRule(faults: Faults, rule: Rule, at: string): void {
  const { subjects = [], resourceRules = [], nonResourceRules = [] } = rule;
  if (subjects.length === 0) faults.push(field.required(`${at}.subjects`, 'subjects must contain at least one value'));
  for (const [index, subject] of subjects.entries()) addSubject(faults, subject, `${at}.subjects[${index}]`);
  if (resourceRules.length === 0 && nonResourceRules.length === 0)
    faults.push(field.required(at, 'at least one of resourceRules and nonResourceRules has to be non-empty'));
  for (const [index, each] of resourceRules.entries()) addResourceRule(faults, each, `${at}.resourceRules[${index}]`);
  for (const [index, each] of nonResourceRules.entries())
    addNonResourceRule(faults, each, `${at}.nonResourceRules[${index}]`);
}

/** Where each kind of subject says who it is. */
const members = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' } as const;

function addSubject(faults: Faults, subject: Subject, at: string): void {
  const kind = subject.kind ?? '';
  if (kind !== 'ServiceAccount' && kind !== 'User' && kind !== 'Group') {
    faults.push(field.notSupported(`${at}.kind`, kind, ['Group', 'ServiceAccount', 'User']));
    return;
  }
  const member = members[kind];
  if (subject[member] === undefined)
    faults.push(field.required(`${at}.${member}`, `${member} is required when subject kind is '${kind}'`));
  else if (kind === 'ServiceAccount') addServiceAccount(faults, subject.serviceAccount ?? {}, `${at}.serviceAccount`);
  else addMissing(faults, `${at}.${member}.name`, (subject[member] as { name?: string }).name);
  for (const [other, name] of Object.entries(members))
    if (name !== member && subject[name] !== undefined)
      faults.push(field.forbidden(`${at}.${name}`, `${name} is forbidden when subject kind is not '${other}'`));
}

function addServiceAccount(faults: Faults, account: NonNullable<Subject['serviceAccount']>, at: string): void {
  const { name = '', namespace = '' } = account;
  if (name === '') faults.push(field.required(`${at}.name`));
  else if (name !== '*') addEach(faults, `${at}.name`, name, checkDns1123Subdomain(name));
  if (namespace === '') faults.push(field.required(`${at}.namespace`, 'must specify namespace for service account'));
  else addEach(faults, `${at}.namespace`, namespace, checkDns1123Label(namespace));
}

function addVerbs(faults: Faults, given: readonly string[] | undefined, at: string): void {
  const list = given ?? [];
  if (list.length === 0) faults.push(field.required(at, 'verbs must contain at least one value'));
  else if (list.includes('*')) {
    if (list.length > 1) faults.push(field.invalid(at, list, "if '*' is present, must not specify other verbs"));
  } else if (!list.every((verb) => verbs.includes(verb))) faults.push(field.notSupported(at, list, verbs));
}

/** A list that holds something, and '*' only alone. */
function addAllOrSome(
  faults: Faults,
  at: string,
  given: readonly string[] | undefined,
  texts: { readonly empty: string; readonly others: string },
): void {
  const list = given ?? [];
  if (list.length === 0) faults.push(field.required(at, texts.empty));
  else if (list.length > 1 && list.includes('*'))
    faults.push(field.invalid(at, list, `if '*' is present, must not specify other ${texts.others}`));
}

function addResourceRule(faults: Faults, rule: ResourceRule, at: string): void {
  addVerbs(faults, rule.verbs, `${at}.verbs`);
  const groups = { empty: 'resource rules must supply at least one api group', others: 'api groups' };
  addAllOrSome(faults, `${at}.apiGroups`, rule.apiGroups, groups);
  const resources = { empty: 'resource rules must supply at least one resource', others: 'resources' };
  addAllOrSome(faults, `${at}.resources`, rule.resources, resources);
  const { namespaces = [], clusterScope = false } = rule;
  if (namespaces.length === 0 && !clusterScope) {
    const why = 'resource rules that are not cluster scoped must supply at least one namespace';
    faults.push(field.required(`${at}.namespaces`, why));
  } else if (namespaces.includes('*')) {
    const why = "if '*' is present, must not specify other namespaces";
    if (namespaces.length > 1) faults.push(field.invalid(`${at}.namespaces`, namespaces, why));
  } else
    for (const [index, namespace] of namespaces.entries())
      for (const message of checkDns1123Label(namespace)) {
        const why = `each member of this list must be '*' or a DNS-1123 label; ${message}`;
        faults.push(field.invalid(`${at}.namespaces[${index}]`, namespace, why));
      }
}

function addNonResourceRule(faults: Faults, rule: NonResourceRule, at: string): void {
  addVerbs(faults, rule.verbs, `${at}.verbs`);
  const urls = rule.nonResourceURLs ?? [];
  const path = `${at}.nonResourceURLs`;
  const texts = { empty: 'nonResourceURLs must contain at least one value', others: 'non-resource URLs' };
  addAllOrSome(faults, path, urls, texts);
  if (!urls.includes('*')) for (const [index, url] of urls.entries()) addUrlPath(faults, url, `${path}[${index}]`);
}

/** A rooted path without spaces, whose one asterisk may be its last segment. */
function addUrlPath(faults: Faults, url: string, at: string): void {
  const fault = urlPathFault(url);
  if (fault !== undefined) faults.push(field.invalid(at, url, fault));
}

function urlPathFault(url: string): string | undefined {
  if (url === '') return 'must not be empty';
  if (url === '/') return undefined;
  if (!url.startsWith('/')) return 'must start with slash';
  if (url.includes(' ')) return 'must not contain white-space';
  if (url.includes('//')) return 'must not contain double slash';
  const stars = url.split('*').length - 1;
  return stars > 1 || (stars === 1 && !url.endsWith('/*')) ? 'wildcard can only do suffix matching' : undefined;
}
