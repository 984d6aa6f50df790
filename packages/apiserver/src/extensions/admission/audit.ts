/** What policies and webhooks note about requests. There is no audit log apart: it stands in the server's own log. */
import type { Logger } from '@skiff/api';
import type { AdmissionRequest } from '../../registry/contract.ts';

export function logAnnotations(
  logger: Logger,
  { target, operation, context, dryRun }: AdmissionRequest,
  annotations: Readonly<Record<string, string>>,
): void {
  const { group, version, resource, subresource, namespace, name } = target;
  const about = { operation, group, version, resource, subresource, namespace, name, dryRun, user: context.user.name };
  logger.info({ ...about, annotations }, 'admission noted something about a request');
}
