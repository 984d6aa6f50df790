/** The legacy `bindings` collection: a create is a create of `pods/binding` of the pod it names. */
import { ApiError } from '@skiff/api';
import { parseText } from '../documents.ts';
import { type Env, kindOf, type VirtualKind } from '../env.ts';
import { nameOf } from '../meta.ts';
import { bindPod } from './binding.ts';

export function bindingsKind(env: Env): VirtualKind {
  return {
    group: '',
    resource: 'bindings',
    async create(context, target, object, options) {
      const name = nameOf(object);
      if (name === '') throw new ApiError('BadRequest', 'name is required');
      const pods = { ...target, resource: 'pods', subresource: 'binding', name };
      const { text } = await bindPod(env, { context, kind: kindOf(env, pods, context), target: pods, options }, object);
      return parseText(text);
    },
  };
}
