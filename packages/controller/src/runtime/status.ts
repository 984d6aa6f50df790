/** How controllers write a status: as Kubernetes' own documents look, without the counts that are zero. Pure. */
type Zeroed<T> = { [K in keyof T]: T[K] };

/** Without fields that are 0, empty lists or undefined, but for those named: Go leaves them out of its JSON (`omitempty`). */
export function withoutEmpty<T extends object>(status: T, keep: readonly (keyof T)[] = []): Zeroed<T> {
  return Object.fromEntries(
    Object.entries(status).filter(([key, value]) => keep.includes(key as keyof T) || !isEmpty(value)),
  ) as Zeroed<T>;
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === 0 || value === '' || (Array.isArray(value) && value.length === 0);
