/** Faults of expressions: those that cannot be compiled, and those that come to something else than is wanted. */
import { checkQualifiedName, type FieldError, field, type JsonObject } from '@skiff/api';
import { objectsAt, textAt } from '../../patch/values.ts';
import { typeName } from '../cel/types.ts';
import { type Compiled, compiled } from './conditions.ts';
import type { Names } from './environment.ts';

/** Types in cel-go's words; none: any will do. */
type Wanted = readonly ('bool' | 'string' | 'null_type')[];

/** Faults of an expression at `path` that has been compiled. */
export function compiledFaults(expression: Compiled, path: string, wanted: Wanted): FieldError[] {
  if ('fault' in expression) return [field.invalid(path, expression.text, expression.fault)];
  const { type } = expression.program;
  if (wanted.length === 0 || wanted.some((each) => each === type.kind)) return [];
  const list = wanted.length === 1 ? (wanted[0] ?? '') : `one of [${wanted.join(' ')}]`;
  return [field.invalid(path, expression.text, `must evaluate to ${list} but got ${typeName(type)}`)];
}

export const expressionFaults = (text: string, path: string, wanted: Wanted, names: Names): FieldError[] =>
  compiledFaults(compiled(text, names), path, wanted);

const maxConditions = 64;

/** Faults of `matchConditions`. */
export function conditionFaults(of: JsonObject, path: string, names: Names): FieldError[] {
  const conditions = objectsAt(of, 'matchConditions');
  const given = conditions.map((each) => textAt(each, 'name'));
  return [
    ...(conditions.length > maxConditions ? [field.tooMany(path, conditions.length, maxConditions)] : []),
    ...conditions.flatMap((condition, index) => {
      const at = `${path}[${index}]`;
      const name = given[index] ?? '';
      const expression = textAt(condition, 'expression').trim();
      return [
        ...(expression === ''
          ? [field.required(`${at}.expression`, '')]
          : expressionFaults(expression, `${at}.expression`, ['bool'], names)),
        ...(name === ''
          ? [field.required(`${at}.name`)]
          : checkQualifiedName(name).map((why) => field.invalid(`${at}.name`, name, why))),
        ...(name !== '' && given.indexOf(name) < index ? [field.duplicate(`${at}.name`, name)] : []),
      ];
    }),
  ];
}
