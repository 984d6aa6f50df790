/** File names inside volumes: they must stay inside. */
import { field } from '../../errors.ts';
import type { KeyToPath } from '../../kinds/types.ts';
import type { Faults, Loose } from '../support.ts';

export const goesUp = (text: string): boolean => text.split('/').includes('..');

/** No step goes up. */
export function addNoParents(faults: Faults, text: string, path: string): void {
  if (goesUp(text)) faults.push(field.invalid(path, text, "must not contain '..'"));
}

/** A path below the volume's root. */
export function addDescending(faults: Faults, text: string, path: string): void {
  if (text.startsWith('/')) faults.push(field.invalid(path, text, 'must be a relative path'));
  addNoParents(faults, text, path);
}

/** A path of a file that is written for the pod: names with two leading dots are the writer's own. */
export function addProjectedPath(faults: Faults, text: string, path: string): void {
  addDescending(faults, text, path);
  if (text.startsWith('..') && !text.startsWith('../')) {
    faults.push(field.invalid(path, text, "must not start with '..'"));
  }
}

/** The bits of a file's mode. */
export function addMode(faults: Faults, mode: number | undefined, path: string): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777)) {
    faults.push(field.invalid(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive'));
  }
}

/** Which keys become which files. */
export function addItems(faults: Faults, items: Loose<KeyToPath[]> | undefined, path: string): void {
  for (const [index, item] of (items ?? []).entries()) {
    const at = `${path}[${index}]`;
    if ((item.key ?? '') === '') faults.push(field.required(`${at}.key`));
    if ((item.path ?? '') === '') faults.push(field.required(`${at}.path`));
    else addProjectedPath(faults, item.path ?? '', `${at}.path`);
    addMode(faults, item.mode, `${at}.mode`);
  }
}
