import type { Definition } from '../../definition.ts';
import { groupVersion } from '../define.ts';

const authentication = groupVersion('authentication.k8s.io', 'v1', 'io.k8s.api.authentication.v1');
const authorization = groupVersion('authorization.k8s.io', 'v1', 'io.k8s.api.authorization.v1');

const question = { verbs: ['create'], virtual: true } as const;
const clusterQuestion = { ...question, clusterScoped: true } as const;

/** authentication.k8s.io/v1: questions that are answered and not stored. */
export const authenticationKinds: readonly Definition[] = [
  authentication('SelfSubjectReview', 'selfsubjectreviews', clusterQuestion),
  authentication('TokenReview', 'tokenreviews', clusterQuestion),
];

/** authorization.k8s.io/v1: questions that are answered and not stored. */
export const authorizationKinds: readonly Definition[] = [
  authorization('LocalSubjectAccessReview', 'localsubjectaccessreviews', question),
  authorization('SelfSubjectAccessReview', 'selfsubjectaccessreviews', clusterQuestion),
  authorization('SelfSubjectRulesReview', 'selfsubjectrulesreviews', clusterQuestion),
  authorization('SubjectAccessReview', 'subjectaccessreviews', clusterQuestion),
];
