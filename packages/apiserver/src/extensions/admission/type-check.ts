/**
 * What a policy's expressions get wrong about the kinds they are for (apiserver's policy/validating/typechecking.go): told in the
 * policy's status, and no reason to refuse it. Pure.
 */
import { type Definition, parseApiVersion } from '@skiff/api';
import { builtinType } from '@skiff/api/kinds';
import { compile } from '../cel/program.ts';
import { dyn, type Type, typeOfSchema } from '../cel/types.ts';
import { jsonSchemaOf } from '../schema/from-schema.ts';
import { type PolicySpec, policyNames } from './policy.ts';

export interface ExpressionWarning {
  readonly fieldRef: string;
  readonly warning: string;
}

/** Kinds beyond these are not looked at. */
const maxKinds = 10;

/** `definitions`: all that is served. */
export function expressionWarnings(spec: PolicySpec, definitions: readonly Definition[]): readonly ExpressionWarning[] {
  const kinds = kindsOf(spec, definitions);
  const named = parseApiVersion(spec.paramKind?.apiVersion ?? '');
  const params = definitions.find(
    ({ group, version, kind }) => group === named?.group && version === named.version && kind === spec.paramKind?.kind,
  );
  const environments = kinds.map((definition) => ({
    shown: `${definition.group}/${definition.version}, Kind=${definition.kind}`,
    names: policyNames(spec, {
      object: typeOf(definition),
      params: params === undefined ? dyn : typeOf(params),
    }).body,
  }));
  const check = (text: string): string =>
    environments
      .flatMap(({ shown, names }) => {
        try {
          compile(text, names);
          return [];
        } catch (error) {
          return [`${shown}: ${(error as Error).message}\n`];
        }
      })
      .join('\n');
  return (spec.validations ?? []).flatMap(({ expression = '', messageExpression = '' }, index) =>
    (
      [
        ['expression', expression],
        ['messageExpression', messageExpression],
      ] as const
    ).flatMap(([field, text]) => {
      const warning = text === '' ? '' : check(text);
      return warning === '' ? [] : [{ fieldRef: `spec.validations[${index}].${field}`, warning }];
    }),
  );
}

/** The kinds that the rules name one by one, sorted. Wildcards say nothing of kinds. */
function kindsOf(spec: PolicySpec, definitions: readonly Definition[]): readonly Definition[] {
  const found = new Set<Definition>();
  for (const { apiGroups = [], apiVersions = [], resources = [] } of spec.matchConstraints?.resourceRules ?? []) {
    if ([...apiGroups, ...apiVersions].some((each) => each.includes('*'))) continue;
    for (const definition of definitions) {
      const isNamed =
        apiGroups.includes(definition.group) &&
        apiVersions.includes(definition.version) &&
        resources.includes(definition.resource);
      if (isNamed && found.size < maxKinds) found.add(definition);
    }
  }
  const key = ({ group, version, kind }: Definition): string => [group, version, kind].join('\0');
  return [...found].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Whole objects: what a custom kind's schema leaves out of their metadata is there all the same. */
function typeOf(definition: Definition): Type {
  const schema = jsonSchemaOf(definition.schema());
  const metadata = jsonSchemaOf(builtinType('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'));
  const text = { type: 'string' } as const;
  return typeOfSchema({ ...schema, properties: { ...schema.properties, apiVersion: text, kind: text, metadata } });
}
