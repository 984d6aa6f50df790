/** Objects as JSON or YAML. */
import type { ApiObject } from '@skiff/api';

/** `format` is `json` or `yaml`. */
export async function documentText(document: object, format: string): Promise<string> {
  return format === 'json' ? `${JSON.stringify(document, undefined, 4)}\n` : (await import('yaml')).stringify(document);
}

/** Without the books of server-side apply, which kubectl leaves out as well. */
export function withoutManagedFields(object: ApiObject): ApiObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
