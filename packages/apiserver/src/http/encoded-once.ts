/** What many watchers are sent is encoded once in each form. */
import type { RegistryEvent } from '../registry/contract.ts';

/** The event's bytes in a form; `form` names everything that they depend on beside the event. */
export function encodedOnce(event: RegistryEvent, form: string, encode: (event: RegistryEvent) => Buffer): Buffer {
  const known = event.encodings?.get(form);
  if (known !== undefined) return known;
  const bytes = encode(event);
  event.encodings?.set(form, bytes);
  return bytes;
}
