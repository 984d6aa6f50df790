/** Every function that expressions know. */
import { authorizerFunctions } from './library/authorizer.ts';
import { kubernetesFunctions } from './library/kubernetes.ts';
import { listFunctions } from './library/lists.ts';
import { standardFunctions } from './library/standard.ts';
import { stringFunctions } from './library/strings.ts';
import { type FunctionTable, functionTable, type Overload } from './signature.ts';

const common: readonly Overload[] = [
  ...standardFunctions,
  ...stringFunctions,
  ...listFunctions,
  ...kubernetesFunctions,
  ...authorizerFunctions,
];

export const functions: FunctionTable = functionTable(common);

/** The common ones and more. */
export const withFunctions = (more: readonly Overload[]): FunctionTable => functionTable([...common, ...more]);
