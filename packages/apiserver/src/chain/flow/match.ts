/** Which flow schema a request belongs to (apiserver's util/flowcontrol/rule.go), compiled once a change, and once for each user, so that it costs a request little. */
import type { FlowSchema } from '@skiff/api';
import type { UserInfo } from '../../registry/contract.ts';
import type { Attributes } from '../attributes.ts';

export interface CompiledSchema {
  readonly name: string;
  readonly uid: string;
  readonly precedence: number;
  readonly level: string;
  readonly distinguisher: 'ByUser' | 'ByNamespace' | undefined;
  /** Which of a user's requests belong to it; undefined: none. */
  of(user: UserInfo): AboutTest | undefined;
}

type Test<T> = (value: T) => boolean;

/** True for any value when the list is `*` alone, else for its members. */
const listed = (list: readonly string[]): Test<string> => {
  if (list.length === 1 && list[0] === '*') return () => true;
  const known = new Set(list);
  return (value) => known.has(value);
};

type Rule = NonNullable<FlowSchema['spec']['rules']>[number];
type Subject = NonNullable<Rule['subjects']>[number];

const accountPrefix = 'system:serviceaccount:';

/** One test for all subjects of a rule. */
function subjectTest(subjects: readonly Subject[]): Test<UserInfo> {
  const users = new Set<string>();
  const groups = new Set<string>();
  const prefixes: string[] = [];
  for (const { kind, user, group, serviceAccount } of subjects) {
    if (kind === 'User' && user) users.add(user.name ?? '');
    else if (kind === 'Group' && group) groups.add(group.name ?? '');
    else if (kind === 'ServiceAccount' && serviceAccount) {
      const { namespace = '', name = '' } = serviceAccount;
      if (name === '*') prefixes.push(`${accountPrefix}${namespace}:`);
      else users.add(`${accountPrefix}${namespace}:${name}`);
    }
  }
  if (users.has('*') || groups.has('*')) return () => true;
  return (user) =>
    users.has(user.name) ||
    (groups.size > 0 && user.groups.some((group) => groups.has(group))) ||
    prefixes.some((prefix) => user.name.startsWith(prefix));
}

type ResourceRule = NonNullable<Rule['resourceRules']>[number];
type NonResourceRule = NonNullable<Rule['nonResourceRules']>[number];

function resourceTest(rule: ResourceRule): Test<Extract<Attributes, { type: 'resource' }>> {
  const verb = listed(rule.verbs ?? []);
  const group = listed(rule.apiGroups ?? []);
  const resource = listed(rule.resources ?? []);
  const namespace = listed(rule.namespaces ?? []);
  const clusterScope = rule.clusterScope === true;
  return (asked) =>
    verb(asked.verb) &&
    resource(asked.subresource === '' ? asked.resource : `${asked.resource}/${asked.subresource}`) &&
    group(asked.group) &&
    (asked.namespace === '' ? clusterScope : namespace(asked.namespace));
}

/** A URL covers itself and what lies below it. */
function urlTest(url: string): Test<string> {
  if (url === '*') return () => true;
  const prefix = url.replace(/\*$/, '').replace(/\/?$/, '/');
  return (path) => path === url || path.startsWith(prefix);
}

function pathTest(rule: NonResourceRule): Test<Extract<Attributes, { type: 'path' }>> {
  const verb = listed(rule.verbs ?? []);
  const urls = (rule.nonResourceURLs ?? []).map(urlTest);
  return (asked) => verb(asked.verb) && urls.some((covers) => covers(asked.path));
}

/** What a request must be about for a user to whom one of the rules applies. */
type AboutTest = Test<Attributes>;

interface CompiledRule {
  readonly subject: Test<UserInfo>;
  readonly about: AboutTest;
}

function compileRule(rule: Rule): CompiledRule {
  const resources = (rule.resourceRules ?? []).map(resourceTest);
  const paths = (rule.nonResourceRules ?? []).map(pathTest);
  return {
    subject: subjectTest(rule.subjects ?? []),
    about: (attributes) =>
      attributes.type === 'resource'
        ? resources.some((test) => test(attributes))
        : paths.some((test) => test(attributes)),
  };
}

export function compileSchema({ metadata, spec }: FlowSchema): CompiledSchema {
  const rules = (spec.rules ?? []).map(compileRule);
  const method = spec.distinguisherMethod?.type;
  return {
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    precedence: spec.matchingPrecedence ?? 0,
    level: spec.priorityLevelConfiguration?.name ?? '',
    distinguisher: method === 'ByUser' || method === 'ByNamespace' ? method : undefined,
    of(user) {
      const tests = rules.filter(({ subject }) => subject(user)).map(({ about }) => about);
      return tests.length < 2 ? tests[0] : (attributes) => tests.some((test) => test(attributes));
    },
  };
}

/** In the order in which they are asked: by precedence, then by name. */
export const bySequence = (a: CompiledSchema, b: CompiledSchema): number =>
  a.precedence - b.precedence || (a.name < b.name ? -1 : 1);
